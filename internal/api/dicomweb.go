package api

func (s *Server) dicomwebRoutes() []Route { return nil }
