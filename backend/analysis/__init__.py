"""From a transcript to a coaching report. Imports no service, no store and no web framework."""
