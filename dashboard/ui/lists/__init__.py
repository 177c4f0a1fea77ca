"""What every list has on the screen: filters, pages, saved views."""
