package api

func (s *Server) orderRoutes() []Route { return nil }

var orderMessages = messages{}
