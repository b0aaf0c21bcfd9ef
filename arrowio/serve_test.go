package arrowio_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"divvy/arrowio"
)

func TestServe(t *testing.T) {
	mem := checked(t)
	tbl, big := sample(t, mem), random(t, mem, 100_000, 4)
	s, err := arrowio.Serve(map[string]*arrowio.Table{"sample": tbl, "big": big})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		s.Close()
	})
	if !strings.HasPrefix(s.Location, "grpc+tcp://127.0.0.1:") {
		t.Fatalf("it listens on %s", s.Location)
	}
	client, err := flight.NewClientWithMiddleware(strings.TrimPrefix(s.Location, "grpc+tcp://"), nil, nil,
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	with := func(token string) context.Context {
		return metadata.AppendToOutgoingContext(ctx, "authorization", token)
	}
	for _, bad := range []context.Context{ctx, with("Bearer wrong"), with(s.Token), with("Bearer ")} {
		stream, err := client.DoGet(bad, &flight.Ticket{Ticket: []byte("sample")})
		if err == nil {
			_, err = stream.Recv()
		}
		if status.Code(err) != codes.Unauthenticated {
			t.Errorf("without the token: %v", err)
		}
		if _, err := client.GetFlightInfo(bad, &flight.FlightDescriptor{}); status.Code(err) != codes.Unauthenticated {
			t.Errorf("info without the token: %v", err)
		}
	}
	good := with("Bearer " + s.Token)
	for name, want := range map[string]*arrowio.Table{"sample": tbl, "big": big} {
		info, err := client.GetFlightInfo(good, &flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: []string{name}})
		if err != nil || info.TotalRecords != int64(want.NumRows()) {
			t.Fatalf("%s: %v %v", name, info, err)
		}
		stream, err := client.DoGet(good, info.Endpoint[0].Ticket)
		if err != nil {
			t.Fatal(err)
		}
		r, err := flight.NewRecordReader(stream)
		if err != nil {
			t.Fatal(err)
		}
		var parts []*arrowio.Table
		for r.Next() {
			parts = append(parts, arrowio.FromRecord(r.Record()))
		}
		if err := r.Err(); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		got, err := arrowio.Concat(parts...)
		if err != nil {
			t.Fatal(err)
		}
		if !array.RecordApproxEqual(got.Record(), want.Record(), array.WithNaNsEqual(true)) {
			t.Errorf("%s came over as\n%v", name, got)
		}
		if name == "big" && len(parts) < 2 {
			t.Error("a large table came in one message")
		}
	}
	if _, err := client.GetFlightInfo(good, &flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: []string{"no"}}); status.Code(err) != codes.NotFound {
		t.Errorf("unknown table: %v", err)
	}
}
