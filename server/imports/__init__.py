"""Import of the files that partners export from spreadsheets and ERPs."""
