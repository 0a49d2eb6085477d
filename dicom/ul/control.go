package ul

import "errors"

// errReleased says that the peer confirmed our A-RELEASE-RQ.
var errReleased = errors.New("association released")

// eventOf maps a received PDU to its event.
var eventOf = [...]event{
	typeAssociateRQ: evt6,
	typeAssociateAC: evt3,
	typeAssociateRJ: evt4,
	typeData:        evt10,
	typeReleaseRQ:   evt12,
	typeReleaseRP:   evt13,
	typeAbort:       evt16,
}

// nextHeader reads the header of the next PDU, or ends the association.
func (c *Conn) nextHeader(idle bool) (pduHeader, error) {
	b, err := c.need(pduHeaderLength, idle)
	if err != nil {
		return pduHeader{}, c.lost(err)
	}
	h, err := parseHeader(b)
	if err != nil {
		return h, c.violated(err)
	}
	return h, nil
}

// nextPDU reads PDUs until a P-DATA-TF has begun, whose length is then pduLeft.
func (c *Conn) nextPDU(idle bool) error {
	h, err := c.nextHeader(idle)
	if err != nil {
		return err
	}
	if h.typ != typeData {
		return c.control(h)
	}
	primitive, err := c.fire(evt10, nil)
	if err != nil {
		return err
	}
	if primitive != indicateData {
		return unexpected(h)
	}
	c.pduLeft = int(h.length)
	return nil
}

func unexpected(h pduHeader) error {
	return &ProtocolError{ReasonUnexpectedPDU, "PDU type " + string('0'+byte(h.typ)) + " is out of place"}
}

// control takes a PDU that carries no data through the table. It never returns
// nil: whatever came, no data follows.
func (c *Conn) control(h pduHeader) error {
	b, err := c.body(int(h.length))
	if err != nil {
		return c.lost(err)
	}
	primitive, err := c.fire(eventOf[h.typ], nil)
	switch {
	case h.typ == typeAbort:
		return &AbortError{Source: b[2], Reason: b[3], Remote: true}
	case err != nil:
		return err
	case primitive == indicateRelease:
		return ErrReleaseRequested
	case primitive == confirmRelease:
		return errReleased
	case primitive == confirmRejected:
		return &Reject{Result: b[1], Source: b[2], Reason: b[3]}
	}
	return unexpected(h)
}

// associate waits for the A-ASSOCIATE PDU of type want.
func (c *Conn) associate(want pduType) (*Associate, error) {
	h, err := c.nextHeader(true)
	if err != nil {
		return nil, err
	}
	if h.typ != want {
		if h.typ == typeData {
			c.fire(evt10, nil)
			return nil, unexpected(h)
		}
		return nil, c.control(h)
	}
	b, err := c.body(int(h.length))
	if err != nil {
		return nil, c.lost(err)
	}
	a, err := parseAssociate(want, b)
	if err != nil {
		return nil, c.violated(err)
	}
	c.setPeerMax(a.MaxPDU)
	if _, err := c.fire(eventOf[want], nil); err != nil {
		return nil, err
	}
	return a, nil
}
