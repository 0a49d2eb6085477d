package api

import (
	"encoding/json"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func (s *Server) driftRoutes() []Route {
	return []Route{{Method: "GET", Path: "/api/v1/quality/ecg-drift", Roles: []hub.Role{hub.QC}, Do: s.ecgDrift}}
}

// mostMeasured bounds how many recordings a look at the devices reads: some
// months of a busy centre.
const mostMeasured = 20000

// ecgDrift tells how far each model's own values lie from the hub's, month by
// month.
func (s *Server) ecgDrift(c *Call) (any, error) {
	var pairs []measure.Pair
	err := c.Read().EachMeasured(c.Actor.Member, mostMeasured, func(r *db.Measured) {
		var cart struct {
			Measurements map[string]float64
			Device       struct{ Manufacturer, Model string }
		}
		var own map[string]any
		if json.Unmarshal(r.Device, &cart) != nil || json.Unmarshal(r.Hub, &own) != nil || len(cart.Measurements) == 0 {
			return
		}
		p := measure.Pair{Device: strings.TrimSpace(cart.Device.Manufacturer + " " + cart.Device.Model), Month: r.At.In(chinaTime).Format("2006-01"),
			Cart: map[string]float64{}, Hub: map[string]float64{}}
		for name, v := range cart.Measurements { // only what both have, of so many
			if n, is := own[name].(float64); is {
				p.Cart[name], p.Hub[name] = v, n
			}
		}
		pairs = append(pairs, p)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"items": measure.Drifts(pairs)}, nil
}
