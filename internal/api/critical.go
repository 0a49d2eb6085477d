package api

func (s *Server) criticalRoutes() []Route { return nil }

var criticalMessages = messages{}
