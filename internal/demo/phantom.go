package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// ellipse is an ellipsoid of one density; centre and half axes in mm.
type ellipse struct {
	x, y, z, a, b, c float64
	value            float64
}

func (e ellipse) inside(x, y, z float64) bool {
	dx, dy, dz := (x-e.x)/e.a, (y-e.y)/e.b, (z-e.z)/e.c
	return dx*dx+dy*dy+dz*dz <= 1
}

// thorax is a chest in Hounsfield units: x to the patient's left, y to the
// back, z to the head, in mm from the middle of the chest.
func thorax(seed uint64, nodule bool) []ellipse {
	r := rand.New(rand.NewPCG(seed, 1))
	wobble := func(v float64) float64 { return v * (0.95 + 0.1*r.Float64()) }
	body := []ellipse{
		{0, 0, 0, wobble(170), wobble(115), 1e4, 40},            // muscle
		{0, 0, 0, wobble(155), wobble(100), 1e4, -90},           // fat within it
		{0, 0, 0, wobble(150), wobble(95), 1e4, 45},             // chest wall
		{-75, 0, 10, wobble(62), wobble(80), wobble(130), -860}, // right lung
		{75, 0, 10, wobble(58), wobble(78), wobble(128), -855},  // left lung
		{-75, 5, -135, 75, 85, 60, 60},                          // liver and dome
		{70, 5, -140, 60, 75, 55, 35},                           // stomach, spleen
		{22, -28, -25, wobble(58), wobble(48), wobble(62), 42},  // heart
		{8, 5, 60, 16, 16, 70, 48},                              // arch and great vessels
		{0, 62, 0, 22, 24, 1e4, 280},                            // vertebra
		{0, 66, 0, 9, 9, 1e4, 20},                               // canal
		{0, -88, 10, 16, 7, 90, 180},                            // sternum
		{0, 20, 70, 9, 9, 60, -950},                             // trachea
	}
	if nodule {
		body = append(body, ellipse{-88, -12, 38, 7, 7, 7, 35})
	}
	return body
}

// rib returns bone where a ring of the chest wall is crossed by a rib.
func rib(x, y, z float64) bool {
	r := math.Hypot(x/150, y/95)
	if r < 0.955 || r > 1.0 {
		return false
	}
	slope := z + 0.35*y
	return math.Mod(math.Abs(slope+1000), 28) < 10
}

// CT values: stored = HU + 1024, 12 bits.
const (
	ctSize    = 512
	ctPixelMM = 0.72
	ctOffset  = 1024
)

// ctSlice draws the slice at height z (mm) as little endian 16-bit cells.
func ctSlice(body []ellipse, z float64, seed uint64) []byte {
	noise := rand.New(rand.NewPCG(seed, uint64(int64(z*10))))
	out := make([]byte, ctSize*ctSize*2)
	for row := range ctSize {
		y := (float64(row) - ctSize/2) * ctPixelMM
		for col := range ctSize {
			x := (float64(col) - ctSize/2) * ctPixelMM
			hu := -1000.0
			for _, e := range body {
				if e.inside(x, y, z) {
					hu = e.value
				}
			}
			if hu > -1000 && rib(x, y, z) {
				hu = 420
			}
			if hu < -800 && hu > -900 { // vessels in the lung
				hu += 120 * math.Max(0, math.Sin(x/3.1+z/9)*math.Sin(y/3.7-z/11)-0.86) * 6
			}
			hu += noise.NormFloat64() * 14
			v := uint16(min(4095, max(0, hu+ctOffset)))
			out[2*(row*ctSize+col)] = byte(v)
			out[2*(row*ctSize+col)+1] = byte(v >> 8)
		}
	}
	return out
}

// Size of a chest radiograph in pixels.
const (
	dxRows = 1760
	dxCols = 1600
	dxMM   = 0.2
)

// finding is what a generated radiograph shows.
type finding int

const (
	healthy finding = iota
	pneumonia
	pneumothorax
)

// chest draws a posterior-anterior chest radiograph: 12 bits in 16-bit little
// endian cells, bright where X-rays were absorbed (MONOCHROME2). A coarse grid
// of path lengths through the thorax is smoothed up and given detail.
func chest(seed uint64, f finding) []byte {
	const step = 8 // pixels of the coarse grid
	body := thorax(seed, false)
	gw, gh := dxCols/step+2, dxRows/step+2
	grid := make([]float64, gw*gh)
	for gy := range gh {
		for gx := range gw {
			x := (float64(gx*step) - dxCols/2) * dxMM * 1.15
			z := (dxRows*0.45 - float64(gy*step)) * dxMM * 1.15
			grid[gy*gw+gx] = absorbed(body, x, z, f)
		}
	}
	r := rand.New(rand.NewPCG(seed, 7))
	out := make([]byte, dxRows*dxCols*2)
	for row := range dxRows {
		for col := range dxCols {
			x := (float64(col) - dxCols/2) * dxMM * 1.15
			z := (dxRows*0.45 - float64(row)) * dxMM * 1.15
			v := 260 + 2600*(1-math.Exp(-bilinear(grid, gw, float64(col)/step, float64(row)/step)/150))
			v += ribShadow(x, z) + lungMarkings(x, z) + r.NormFloat64()*16
			u := uint16(min(4095, max(0, v)))
			out[2*(row*dxCols+col)] = byte(u)
			out[2*(row*dxCols+col)+1] = byte(u >> 8)
		}
	}
	return out
}

// absorbed sums density along the beam at (x, z).
func absorbed(body []ellipse, x, z float64, f finding) float64 {
	sum := 0.0
	for y := -118.0; y <= 118; y += 6 {
		hu := -1000.0
		for _, e := range body {
			if e.inside(x, y, z) {
				hu = e.value
			}
		}
		if d := math.Hypot(x+82, (z+38)*0.8); f == pneumonia && hu < -800 && d < 60 {
			hu += 330 * math.Exp(-d*d/700)
		}
		if f == pneumothorax && hu < -800 && x > 88 {
			hu = -995
		}
		sum += (hu + 1000) / 1000 * 6
	}
	return sum
}

func bilinear(grid []float64, w int, x, y float64) float64 {
	x0, y0 := int(x), int(y)
	fx, fy := x-float64(x0), y-float64(y0)
	at := func(i, j int) float64 { return grid[j*w+i] }
	return (at(x0, y0)*(1-fx)+at(x0+1, y0)*fx)*(1-fy) + (at(x0, y0+1)*(1-fx)+at(x0+1, y0+1)*fx)*fy
}

// ribShadow brightens the crossing ribs of back and front. It fades towards
// spine, edge and belly.
func ribShadow(x, z float64) float64 {
	ax := math.Abs(x)
	fade := window(ax, 14, 30, 128, 150) * window(z, -115, -70, 118, 150)
	if fade == 0 {
		return 0
	}
	v := 0.0
	for _, rib := range []struct{ slope, bend, gap, height float64 }{{0.25, 0.0032, 29, 120}, {-0.55, -0.0012, 29, 70}} {
		d := math.Mod(z+rib.slope*ax+rib.bend*ax*ax+1000, rib.gap)
		v += rib.height * math.Exp(-math.Pow((d-rib.gap/2)/3.6, 4))
	}
	return v * fade
}

// window rises from 0 at a to 1 at b and falls from 1 at c to 0 at d.
func window(v, a, b, c, d float64) float64 {
	smooth := func(t float64) float64 { t = min(1, max(0, t)); return t * t * (3 - 2*t) }
	return smooth((v-a)/(b-a)) * smooth((d-v)/(d-c))
}

// lungMarkings are vessels that branch from the hilum and thin out.
func lungMarkings(x, z float64) float64 {
	dx, dz := math.Abs(x)-28, z-5
	d := math.Hypot(dx, dz)
	if d > 115 || dx < 0 {
		return 0
	}
	angle := math.Atan2(dz, dx)
	v := 0.0
	for i := range 9 {
		course := -1.3 + 0.33*float64(i) + 0.18*math.Sin(d/17+float64(i)*2.1)
		width := 0.05 * math.Exp(-d/55)
		v += math.Exp(-math.Pow((angle-course)/(width+0.012), 2))
	}
	return 150 * v * math.Exp(-d/42) * min(1, d/12)
}

// Size of the ultrasound cine.
const (
	usRows   = 480
	usCols   = 640
	usFrames = 24
)

// heartbeat draws a cine of a beating heart in a sector, as JPEG frames.
func heartbeat(seed uint64) ([][]byte, error) {
	r := rand.New(rand.NewPCG(seed, 3))
	speckle := make([]float64, usRows*usCols)
	for i := range speckle {
		speckle[i] = math.Abs(r.NormFloat64())
	}
	frames := make([][]byte, usFrames)
	for n := range frames {
		phase := 2 * math.Pi * float64(n) / usFrames
		img := image.NewRGBA(image.Rect(0, 0, usCols, usRows))
		for y := range usRows {
			for x := range usCols {
				g := uint8(min(255, echo(float64(x)-usCols/2, float64(y), phase)*60*speckle[y*usCols+x]))
				img.SetRGBA(x, y, color.RGBA{g, g, g, 255})
			}
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85}); err != nil {
			return nil, err
		}
		frames[n] = b.Bytes()
	}
	return frames, nil
}

// echo is how strongly the tissue at a pixel reflects, 0 outside the sector.
func echo(x, y, phase float64) float64 {
	d, angle := math.Hypot(x, y), math.Atan2(x, y)
	if d < 20 || d > 460 || math.Abs(angle) > 0.72 {
		return 0
	}
	squeeze := 1 - 0.16*math.Max(0, math.Sin(phase))
	wall := math.Hypot((x+10)/(78*squeeze), (y-230)/(130*squeeze))
	switch {
	case wall < 1:
		return 0.08
	case wall < 1.28:
		return 1.7
	}
	return 0.75 * math.Exp(-d/900)
}
