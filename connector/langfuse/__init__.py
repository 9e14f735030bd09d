"""The gateway to one Langfuse project: what the server can do, reading, and writing, over any version from 3 on."""
