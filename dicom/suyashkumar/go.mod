module github.com/yuanzhen/yuanzhen/dicom/suyashkumar

go 1.26.0

require (
	github.com/suyashkumar/dicom v1.1.0
	github.com/yuanzhen/yuanzhen v0.0.0
)

replace github.com/yuanzhen/yuanzhen => ../..
