"""Pictures to people: reading pictures and QR codes, finding one face, comparing two."""
