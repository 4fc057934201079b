"""What the service says over HTTP: one blueprint for each noun."""
