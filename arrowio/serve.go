package arrowio

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/flight"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// A Server gives tables to other processes of this machine through Arrow Flight.
type Server struct {
	// Location is where it listens, as Flight clients want it: grpc+tcp://127.0.0.1:port.
	Location string
	// Token is what a client must send, in the header "authorization: Bearer token".
	Token string

	tables map[string]*Table
	server flight.Server
	served chan error
}

// Serve begins to give tables, each under its name, to processes of this machine
// that know the server's token: it listens on the loopback address only. Close
// ends it. The server's String shows how pyarrow reads from it.
func Serve(tables map[string]*Table) (*Server, error) {
	secret := make([]byte, 24)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("arrowio: serve: make a token: %w", err)
	}
	s := &Server{Token: base64.RawURLEncoding.EncodeToString(secret), tables: map[string]*Table{}, served: make(chan error, 1)}
	for name, t := range tables {
		if t.released.Load() {
			return nil, fmt.Errorf("arrowio: serve: table %q: %w", name, ErrReleased)
		}
	}
	s.server = flight.NewServerWithMiddleware([]flight.ServerMiddleware{{
		Unary: func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if err := s.authorize(ctx); err != nil {
				return nil, err
			}
			return next(ctx, req)
		},
		Stream: func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			if err := s.authorize(stream.Context()); err != nil {
				return err
			}
			return next(srv, stream)
		},
	}})
	if err := s.server.Init("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("arrowio: serve: %w", err)
	}
	for name, t := range tables {
		t.rec.Retain()
		s.tables[name] = newTable(t.mem, t.rec)
	}
	s.Location = "grpc+tcp://" + s.server.Addr().String()
	s.server.RegisterFlightService(&flightService{server: s})
	go func() { s.served <- s.server.Serve() }()
	return s, nil
}

// Close ends the server, after the reads under way, and its use of the tables.
func (s *Server) Close() error {
	s.server.Shutdown()
	err := <-s.served
	s.served <- err // for a second Close
	for _, t := range s.tables {
		t.Release()
	}
	return err
}

// String shows how pyarrow reads a table from the server.
func (s *Server) String() string {
	name := "name"
	if names := slices.Sorted(maps.Keys(s.tables)); len(names) > 0 {
		name = names[0]
	}
	return fmt.Sprintf("from pyarrow import flight\n"+
		"options = flight.FlightCallOptions(headers=[(b\"authorization\", b\"Bearer %s\")])\n"+
		"t = flight.connect(%q).do_get(flight.Ticket(%q.encode()), options).read_all()", s.Token, s.Location, name)
}

func (s *Server) authorize(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	for _, v := range md.Get("authorization") {
		token, ok := strings.CutPrefix(v, "Bearer ")
		if ok && subtle.ConstantTimeCompare([]byte(token), []byte(s.Token)) == 1 {
			return nil
		}
	}
	return status.Error(codes.Unauthenticated, "the header \"authorization: Bearer\" with the server's token is missing or wrong")
}

// flightService answers Flight's requests. It is a type of its own so that the
// many methods of Flight are none of Server's.
type flightService struct {
	flight.BaseFlightServer
	server *Server
}

func (f *flightService) table(name string) (*Table, error) {
	if t, ok := f.server.tables[name]; ok {
		return t, nil
	}
	return nil, status.Errorf(codes.NotFound, "no table %q", name)
}

func (f *flightService) info(name string, t *Table) *flight.FlightInfo {
	return &flight.FlightInfo{
		Schema:           serializedSchema(t),
		FlightDescriptor: &flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: []string{name}},
		Endpoint: []*flight.FlightEndpoint{{
			Ticket:   &flight.Ticket{Ticket: []byte(name)},
			Location: []*flight.Location{{Uri: f.server.Location}},
		}},
		TotalRecords: int64(t.NumRows()),
		TotalBytes:   -1,
	}
}

// ListFlights lists the tables by name.
func (f *flightService) ListFlights(_ *flight.Criteria, stream flight.FlightService_ListFlightsServer) error {
	for _, name := range slices.Sorted(maps.Keys(f.server.tables)) {
		if err := stream.Send(f.info(name, f.server.tables[name])); err != nil {
			return err
		}
	}
	return nil
}

// GetFlightInfo describes the table that a path names.
func (f *flightService) GetFlightInfo(_ context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	if len(d.GetPath()) != 1 {
		return nil, status.Error(codes.InvalidArgument, "a path of one name is wanted")
	}
	t, err := f.table(d.Path[0])
	if err != nil {
		return nil, err
	}
	return f.info(d.Path[0], t), nil
}

// GetSchema gives the schema of the table that a path names.
func (f *flightService) GetSchema(ctx context.Context, d *flight.FlightDescriptor) (*flight.SchemaResult, error) {
	info, err := f.GetFlightInfo(ctx, d)
	if err != nil {
		return nil, err
	}
	return &flight.SchemaResult{Schema: info.Schema}, nil
}

// DoGet sends the table that a ticket names, in batches of about a megabyte.
func (f *flightService) DoGet(ticket *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	t, err := f.table(string(ticket.GetTicket()))
	if err != nil {
		return err
	}
	w := flight.NewRecordWriter(mendingStream{stream}, ipc.WithSchema(t.Schema()), ipc.WithAllocator(t.mem))
	defer w.Close()
	rows := t.rec.NumRows()
	step := batchRows(t.rec)
	for from := int64(0); ; from += step {
		batch := uncounted(t.rec, from, min(rows, from+step))
		err := w.Write(batch)
		batch.Release()
		if err != nil {
			return fmt.Errorf("send rows from %d: %w", from, err)
		}
		if from+step >= rows {
			return nil
		}
	}
}

// batchRows is how many rows of a record are about a megabyte.
func batchRows(rec arrow.Record) int64 {
	bytes := int64(1)
	for _, c := range rec.Columns() {
		bytes += int64(c.Data().SizeInBytes())
	}
	return max(1, min(rec.NumRows(), (rec.NumRows()<<20)/bytes))
}
