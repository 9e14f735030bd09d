"""What a cycle will cost before it is paid, and what that money will tell."""
