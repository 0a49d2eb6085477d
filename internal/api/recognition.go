package api

func (s *Server) recognitionRoutes() []Route { return nil }

var recognitionMessages = messages{}
