package api

func (s *Server) adminRoutes() []Route { return nil }

var adminMessages = messages{}
