"""What `understudy demo` runs on: a small Langfuse over real HTTP, in this process and in memory."""
