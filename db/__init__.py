"""Tables, statements and the engines that run them."""
