package api

import "github.com/yuanzhen/yuanzhen/internal/hub"

func (s *Server) ecgSVG(c *Call) error { return hub.E(hub.NotFound, "api.ecgSVG", "not_found") }

func (s *Server) ecgThumbnail(c *Call) error {
	return hub.E(hub.NotFound, "api.ecgThumbnail", "not_found")
}
