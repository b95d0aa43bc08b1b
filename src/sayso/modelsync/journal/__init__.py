"""What Sayso has done on a volume, in files that survive a crash at any moment."""
