"""The program at a tower: it verifies people, moves cars, keeps the journal, and needs nobody for that."""
