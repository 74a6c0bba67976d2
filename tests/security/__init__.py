"""What nobody may do: the whole product tried by strangers, by colleagues without the right, and by hostile servers."""
