package api

func (s *Server) inboxRoutes() []Route { return nil }

var inboxMessages = messages{}
