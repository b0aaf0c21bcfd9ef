package augment

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"divvy/stdlib/internal/chat"
)

// EndpointOptions of NewEndpoint. Model must be given.
type EndpointOptions struct {
	// Model is the name that the endpoint knows.
	Model string
	// Endpoint is the base URL; "" means OpenAI's.
	Endpoint string
	// KeyVariable is the environment variable with the key. "" means
	// OPENAI_API_KEY for OpenAI's own endpoint and no key for any other, which must
	// not be sent a key that was not meant for it.
	KeyVariable string
	// Temperature of the sampling; 0 means 1, a negative number greedy.
	Temperature float64
	// MaxTokens is the longest answer, 256 by default.
	MaxTokens int
	// Parallel is the number of requests under way at once, 4 by default.
	Parallel int
	// PerMinute limits the requests begun in a minute; 0 means no limit.
	PerMinute int
	// Retries after a failure that may pass (a lost connection, 408, 409, 429,
	// 5xx), with growing pauses or after the pause that the server asks for; 0
	// means 4, a negative number none.
	Retries int
	// Timeout of one attempt; 0 means two minutes.
	Timeout time.Duration
}

// Endpoint is a Generator behind any server that speaks OpenAI's chat protocol.
// The key is in no output, error or cache.
type Endpoint struct {
	options EndpointOptions
	client  *chat.Client
}

// NewEndpoint makes an Endpoint. It asks the server nothing yet.
func NewEndpoint(o EndpointOptions) (*Endpoint, error) {
	o.Temperature, o.MaxTokens, o.Parallel = or(o.Temperature, 1), or(o.MaxTokens, 256), or(o.Parallel, 4)
	if o.MaxTokens < 0 || o.Parallel < 0 {
		return nil, fmt.Errorf("augment: endpoint: MaxTokens %d and Parallel %d must not be negative", o.MaxTokens, o.Parallel)
	}
	c, err := chat.New(chat.Options{Model: o.Model, Endpoint: o.Endpoint, KeyVariable: o.KeyVariable, PerMinute: o.PerMinute, Retries: o.Retries, Timeout: o.Timeout})
	if err != nil {
		return nil, fmt.Errorf("augment: endpoint: %w", err)
	}
	return &Endpoint{o, c}, nil
}

// Name names the model and the settings on which an answer depends.
func (e *Endpoint) Name() string {
	where := or(e.options.Endpoint, "OpenAI")
	return fmt.Sprintf("%s at %s, temperature %g, %d tokens", e.options.Model, where, max(0, e.options.Temperature), e.options.MaxTokens)
}

// String is the Name.
func (e *Endpoint) String() string { return e.Name() }

// Generate asks the model, several requests at once. The first error ends the
// others.
func (e *Endpoint) Generate(ctx context.Context, requests []Request) ([]string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	texts := make([]string, len(requests))
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(e.options.Parallel, len(requests)) {
		wait.Go(func() {
			for i := range next {
				var err error
				if texts[i], err = e.ask(ctx, requests[i]); err != nil {
					cancel(err)
				}
			}
		})
	}
feed:
	for i := range requests {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wait.Wait()
	return texts, context.Cause(ctx)
}

// ask asks the model once.
func (e *Endpoint) ask(ctx context.Context, r Request) (string, error) {
	seed := int64(r.Seed)
	a, err := e.client.Ask(ctx, chat.Question{
		User: r.Prompt, Temperature: max(0, e.options.Temperature), MaxTokens: int64(e.options.MaxTokens), Seed: &seed,
	})
	var failure *chat.Failure
	if errors.As(err, &failure) {
		err = &EndpointError{failure.Status, failure.Message}
	}
	return a.Text, err
}

// EndpointError is a failure that an endpoint reported.
type EndpointError struct {
	// Status is the HTTP status, 0 where there was no answer.
	Status int
	// Message is what the endpoint said.
	Message string
}

// Error is the message.
func (e *EndpointError) Error() string { return e.Message }
