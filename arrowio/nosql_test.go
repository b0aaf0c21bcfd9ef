//go:build !(cgo && !noduckdb && ((linux && (amd64 || arm64)) || (darwin && (amd64 || arm64)) || (windows && amd64)))

package arrowio_test

import (
	"errors"
	"strings"
	"testing"

	"divvy/arrowio"
)

func TestSQLWithoutDuckDBSaysSo(t *testing.T) {
	_, err := sample(t, checked(t)).SQL(t.Context(), "select 1")
	if arrowio.HasSQL() || !errors.Is(err, arrowio.ErrNoSQL) || !strings.Contains(err.Error(), "CGO_ENABLED=1") {
		t.Errorf("got %v", err)
	}
}
