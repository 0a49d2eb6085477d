package hubtest

import (
	"context"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestCopiesOfAFolderHoldWhatWasFilledInAndNothingOfEachOther(t *testing.T) {
	t.Parallel()
	insert := func(code string) func(*db.Tx) error {
		return func(tx *db.Tx) error { return tx.InsertMember(&hub.Member{ID: hub.MemberID(code), Code: code}) }
	}
	folder, err := Make(func(ctx context.Context, s *Stores) error { return s.DB.Tx(ctx, insert("LEAD")) })
	Must(t, err)
	one, two := folder.Open(t), folder.Open(t)
	Must(t, one.DB.Tx(t.Context(), insert("CLINIC1")))
	for s, want := range map[*Stores]int{one: 2, two: 1, Open(t): 0} {
		if list, err := s.DB.Read(t.Context()).Members(); err != nil || len(list) != want {
			t.Errorf("%d members, want %d (%v)", len(list), want, err)
		}
	}
	if one.Keys.IndexHash("1") != two.Keys.IndexHash("1") {
		t.Error("a copy has other keys")
	}
}
