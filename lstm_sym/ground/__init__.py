"""What every room stands on: refusals, whole files, printable text, widths, progress. It imports nothing of ours."""
