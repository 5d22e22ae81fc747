"""What a study is: what is measured, what is concluded, what is kept of it."""
