package dicom

// SyntaxNames are the transfer syntaxes known by name.
func SyntaxNames() map[TransferSyntax]string { return syntaxNames }
