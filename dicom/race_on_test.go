//go:build race

package dicom

// raceEnabled: everything takes ten times as long.
const raceEnabled = true
