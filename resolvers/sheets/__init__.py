"""Sheets that partners export from spreadsheets and ERPs, read row by row."""
