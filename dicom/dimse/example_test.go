package dimse_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
)

// counter is a Handler that counts bytes.
type counter struct{}

func (counter) Accept(context.Context, *dimse.Association) error { return nil }

func (counter) Store(_ context.Context, a *dimse.Association, r *dimse.StoreRequest) dimse.Status {
	n, err := io.Copy(io.Discard, r.Data)
	if err != nil {
		return dimse.Status{Code: dimse.ProcessingFailure}
	}
	fmt.Printf("%s sent %d bytes of %s in %s\n", a.CallingAE, n, dimse.StorageName(r.SOPClassUID), r.Syntax.Name())
	return dimse.Status{}
}

func (counter) Closed(_ *dimse.Association, released bool, _ error) {
	fmt.Println("released:", released)
}

// A server takes two instances, each in the transfer syntax it is stored in:
// the client proposes one context for each pair of SOP class and syntax.
func ExampleContextsFor() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error)
	go func() { stopped <- (&dimse.Server{AETitle: "HUB", Handler: counter{}}).Serve(ctx, l) }()
	defer func() { cancel(); <-stopped }()

	files := []dimse.Kind{
		{SOPClassUID: "1.2.840.10008.5.1.4.1.1.2", Syntax: dicom.JPEG2000Lossless},
		{SOPClassUID: "1.2.840.10008.5.1.4.1.1.9.1.1", Syntax: dicom.ExplicitVRLittleEndian},
	}
	contexts, err := dimse.ContextsFor(files...)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := dimse.Dial(ctx, l.Addr().String(), dimse.DialOptions{CallingAE: "GATEWAY", CalledAE: "HUB", Contexts: contexts})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, f := range files {
		dataSet := bytes.NewReader(make([]byte, 1000*(i+1))) // behind the file meta information
		status, err := c.Store(ctx, f.SOPClassUID, fmt.Sprintf("2.25.%d", i), f.Syntax, dataSet)
		fmt.Println(status, err)
	}
	if err := c.Release(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// GATEWAY sent 1000 bytes of CT Image Storage in JPEG 2000 (Lossless Only)
	// status 0000 <nil>
	// GATEWAY sent 2000 bytes of 12-lead ECG Waveform Storage in Explicit VR Little Endian
	// status 0000 <nil>
	// released: true
}
