"""Reading what partners export from their spreadsheets and ERPs."""
