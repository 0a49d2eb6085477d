package flac

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// reader reads bits, the highest first. Past the end it gives zeros and sets
// short.
type reader struct {
	data  []byte
	at    int // in bits
	short bool
}

// peek returns the next 57 or more bits from the highest down.
func (r *reader) peek() uint64 {
	at := r.at / 8
	if at+8 <= len(r.data) {
		return binary.BigEndian.Uint64(r.data[at:]) << (r.at % 8)
	}
	var last [8]byte
	if at < len(r.data) {
		copy(last[:], r.data[at:])
	}
	return binary.BigEndian.Uint64(last[:]) << (r.at % 8)
}

func (r *reader) skip(n int) {
	if r.at += n; r.at > 8*len(r.data) {
		r.at, r.short = 8*len(r.data), true
	}
}

// read returns n bits, at most 33.
func (r *reader) read(n int) uint64 {
	v := r.peek() >> 1 >> (63 - n)
	r.skip(n)
	return v
}

func (r *reader) signed(n int) int64 {
	if n == 0 {
		return 0
	}
	return int64(r.read(n)<<(64-n)) >> (64 - n)
}

// unary counts zeros up to a one.
func (r *reader) unary() int {
	n := 0
	for !r.short {
		window := r.peek()
		if zeros := bits.LeadingZeros64(window); zeros < 57 {
			r.skip(zeros + 1)
			return n + zeros
		}
		r.skip(56)
		n += 56
	}
	return 0
}

func (r *reader) align() { r.skip(-r.at & 7) }

const maxOrder = 32

// subframe reads one channel of a frame into out (RFC 9639 section 9.2).
func (r *reader) subframe(out []int32, wide int) error {
	r.read(1)
	kind, wasted := int(r.read(6)), 0
	if r.read(1) == 1 {
		wasted = r.unary() + 1
	}
	if wide -= wasted; wide < 1 {
		return errors.New("more wasted bits than a sample has")
	}
	var err error
	switch {
	case kind == 0:
		v := int32(r.signed(wide))
		for i := range out {
			out[i] = v
		}
	case kind == 1:
		for i := range out {
			out[i] = int32(r.signed(wide))
		}
	case kind >= 8 && kind <= 12:
		err = r.predicted(out, wide, fixed[kind-8], 0)
	case kind >= 32:
		err = r.linear(out, wide, kind-31)
	default:
		err = errors.New("unknown kind of subframe")
	}
	if err == nil && r.short {
		err = errEnd
	}
	if wasted > 0 {
		for i := range out {
			out[i] <<= wasted
		}
	}
	return err
}

// fixed are the predictors of order 0 to 4.
var fixed = [5][]int64{{}, {1}, {2, -1}, {3, -3, 1}, {4, -6, 4, -1}}

// linear reads a subframe with its own predictor: warm-up samples come before
// the coefficients.
func (r *reader) linear(out []int32, wide, order int) error {
	if order > len(out) || order > maxOrder {
		return errors.New("the predictor is longer than the frame")
	}
	for i := range order {
		out[i] = int32(r.signed(wide))
	}
	precision, shift := int(r.read(4))+1, r.signed(5)
	if precision == 16 || shift < 0 {
		return errors.New("impossible predictor")
	}
	coefficients := make([]int64, order)
	for i := range coefficients {
		coefficients[i] = r.signed(precision)
	}
	return r.restore(out, coefficients, uint(shift))
}

func (r *reader) predicted(out []int32, wide int, coefficients []int64, shift uint) error {
	if len(coefficients) > len(out) {
		return errors.New("the predictor is longer than the frame")
	}
	for i := range coefficients {
		out[i] = int32(r.signed(wide))
	}
	return r.restore(out, coefficients, shift)
}

// restore reads the residual and adds the prediction.
func (r *reader) restore(out []int32, coefficients []int64, shift uint) error {
	order := len(coefficients)
	if err := r.residual(out, order); err != nil {
		return err
	}
	for i := order; i < len(out); i++ {
		sum := int64(0)
		for k, c := range coefficients {
			sum += c * int64(out[i-1-k])
		}
		out[i] += int32(sum >> shift)
	}
	return nil
}

// residual reads Rice-coded partitions into out from order on (9.2.7).
func (r *reader) residual(out []int32, order int) error {
	width := 4
	switch r.read(2) {
	case 0:
	case 1:
		width = 5
	default:
		return errors.New("unknown coding of the residual")
	}
	partitions := 1 << r.read(4)
	if len(out)%partitions != 0 || len(out)/partitions < order {
		return errors.New("the partitions do not fit the frame")
	}
	escape := uint64(1)<<width - 1
	at := order
	for p := range partitions {
		end := (p + 1) * (len(out) / partitions)
		k := r.read(width)
		if k == escape {
			plain := int(r.read(5))
			for ; at < end; at++ {
				out[at] = int32(r.signed(plain))
			}
			continue
		}
		for ; at < end; at++ {
			v := uint64(r.unary())<<k | r.read(int(k))
			out[at] = int32(v>>1) ^ -int32(v&1)
		}
		if r.short {
			return errEnd
		}
	}
	return nil
}
