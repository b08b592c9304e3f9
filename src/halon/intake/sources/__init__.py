"""What each kind of source sends, and how it becomes alerts."""
