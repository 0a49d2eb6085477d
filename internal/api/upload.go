package api

func (s *Server) uploadRoutes() []Route { return nil }

var uploadMessages = messages{}
