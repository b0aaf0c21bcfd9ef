package augment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"golang.org/x/time/rate"
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
// The client is OpenAI's own (github.com/openai/openai-go). The key is in no
// output, error or cache.
type Endpoint struct {
	options EndpointOptions
	// ask answers one request. It is a function, not the client, so that no way of
	// printing an Endpoint shows the key, and so that whoever imports this package
	// need not know the client's types.
	ask func(ctx context.Context, r Request) (string, error)
}

// chat is what stands behind an Endpoint.
type chat struct {
	options EndpointOptions
	client  openai.Client
	limit   *rate.Limiter
	key     string
}

// NewEndpoint makes an Endpoint. It asks the server nothing yet.
func NewEndpoint(o EndpointOptions) (*Endpoint, error) {
	if o.Model == "" {
		return nil, errors.New("augment: an endpoint needs the name of a model")
	}
	if o.KeyVariable == "" && o.Endpoint == "" {
		o.KeyVariable = "OPENAI_API_KEY"
	}
	o.Temperature, o.MaxTokens, o.Parallel = or(o.Temperature, 1), or(o.MaxTokens, 256), or(o.Parallel, 4)
	o.Retries, o.Timeout = or(o.Retries, 4), or(o.Timeout, 2*time.Minute)
	if o.MaxTokens < 0 || o.Parallel < 0 || o.PerMinute < 0 {
		return nil, fmt.Errorf("augment: endpoint: MaxTokens %d, Parallel %d and PerMinute %d must not be negative", o.MaxTokens, o.Parallel, o.PerMinute)
	}
	key := ""
	if o.KeyVariable != "" {
		key = os.Getenv(o.KeyVariable)
	}
	c := &chat{options: o, key: key, limit: rate.NewLimiter(rate.Inf, 1)}
	if key == "" && o.KeyVariable != "" {
		return nil, fmt.Errorf("augment: endpoint: the environment variable %s holds no key", o.KeyVariable)
	}
	if o.PerMinute > 0 {
		c.limit = rate.NewLimiter(rate.Limit(float64(o.PerMinute)/60), 1)
	}
	settings := []option.RequestOption{option.WithAPIKey(or(key, "none")), option.WithMaxRetries(max(0, o.Retries)), option.WithRequestTimeout(o.Timeout)}
	if o.Endpoint != "" {
		settings = append(settings, option.WithBaseURL(o.Endpoint))
	}
	c.client = openai.NewClient(settings...)
	return &Endpoint{options: o, ask: c.ask}, nil
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

// ask asks the model once, when the rate allows it.
func (c *chat) ask(ctx context.Context, r Request) (string, error) {
	if err := c.limit.Wait(ctx); err != nil {
		return "", err
	}
	answer, err := c.client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:       c.options.Model,
		Messages:    []openai.ChatCompletionMessageParamUnion{openai.UserMessage(r.Prompt)},
		Temperature: openai.Float(max(0, c.options.Temperature)),
		MaxTokens:   openai.Int(int64(c.options.MaxTokens)),
		Seed:        openai.Int(int64(r.Seed)),
	})
	if err != nil {
		return "", c.hideKey(err)
	}
	if len(answer.Choices) == 0 {
		return "", fmt.Errorf("%s: an answer without choices", c.options.Model)
	}
	return answer.Choices[0].Message.Content, nil
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

// hideKey makes an error that holds no request, and with it no key: servers
// repeat keys in their messages, and the client's error has the header.
func (c *chat) hideKey(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: no answer in time: %w", c.options.Model, context.DeadlineExceeded)
	}
	out := &EndpointError{Message: fmt.Sprintf("%s: %v", c.options.Model, err)}
	var api *openai.Error
	if errors.As(err, &api) {
		out.Status = api.StatusCode
		if api.Message != "" {
			out.Message += ": " + api.Message
		}
	}
	if c.key != "" {
		out.Message = strings.ReplaceAll(out.Message, c.key, "[key]")
	}
	return out
}
