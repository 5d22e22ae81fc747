"""What to do about it: how many steps back to propagate, in which number format, with which forget bias."""
