"""The rules of the business, without anything around them."""
