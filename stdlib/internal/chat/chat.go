// Package chat asks models behind servers that speak OpenAI's chat protocol. The
// client is OpenAI's own (github.com/openai/openai-go); what is added is the care
// for the key: it goes to no server for which it was not meant, and stands in no
// error and in no way of printing a Client.
//
// It knows neither prompts to be written (package augment) nor answers to be
// judged (package evaluate), which both ask through it.
package chat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"golang.org/x/time/rate"
)

// Options of New. Model must be given.
type Options struct {
	// Model is the name that the server knows.
	Model string
	// Endpoint is the base URL; "" means OpenAI's.
	Endpoint string
	// KeyVariable is the environment variable with the key. "" means OPENAI_API_KEY
	// for OpenAI's own server and no key for any other.
	KeyVariable string
	// PerMinute limits the questions begun in a minute; 0 means no limit.
	PerMinute int
	// Retries after a failure that may pass; 0 means 4, a negative number none.
	Retries int
	// Timeout of one attempt; 0 means two minutes.
	Timeout time.Duration
}

// Question is what a model is asked.
type Question struct {
	System, User string // no system message when System is ""
	Temperature  float64
	MaxTokens    int64 // 0 leaves it to the server
	Seed         *int64
}

// Answer is what it replied, and how many tokens it read and wrote.
type Answer struct {
	Text          string
	Read, Written int64
}

// Client asks one model. Its only field is a function, so that nothing that
// prints a Client shows the key.
type Client struct {
	ask func(ctx context.Context, q Question) (Answer, error)
}

// client is what stands behind a Client.
type client struct {
	model  string
	key    string
	openai openai.Client
	limit  *rate.Limiter
}

// New makes a Client. It asks the server nothing yet.
func New(o Options) (*Client, error) {
	if o.Model == "" {
		return nil, errors.New("the name of a model is needed")
	}
	if o.PerMinute < 0 {
		return nil, fmt.Errorf("%d questions a minute", o.PerMinute)
	}
	if o.KeyVariable == "" && o.Endpoint == "" {
		o.KeyVariable = "OPENAI_API_KEY"
	}
	if o.Retries == 0 {
		o.Retries = 4
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Minute
	}
	c := &client{model: o.Model, limit: rate.NewLimiter(rate.Inf, 1)}
	sent := "none" // the client would take that of the environment otherwise
	if o.KeyVariable != "" {
		if c.key = os.Getenv(o.KeyVariable); c.key == "" {
			return nil, fmt.Errorf("the environment variable %s holds no key", o.KeyVariable)
		}
		sent = c.key
	}
	if o.PerMinute > 0 {
		c.limit = rate.NewLimiter(rate.Limit(float64(o.PerMinute)/60), 1)
	}
	settings := []option.RequestOption{option.WithAPIKey(sent), option.WithMaxRetries(max(0, o.Retries)), option.WithRequestTimeout(o.Timeout)}
	if o.Endpoint != "" {
		settings = append(settings, option.WithBaseURL(o.Endpoint))
	}
	c.openai = openai.NewClient(settings...)
	return &Client{c.answer}, nil
}

// Ask asks once, when the rate allows it. An error of the server is a *Failure.
func (c *Client) Ask(ctx context.Context, q Question) (Answer, error) { return c.ask(ctx, q) }

func (c *client) answer(ctx context.Context, q Question) (Answer, error) {
	if err := c.limit.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return Answer{}, context.Cause(ctx)
		}
		// The turn would come too late, which the limiter knows beforehand.
		return Answer{}, fmt.Errorf("waiting for a question's turn: %w", context.DeadlineExceeded)
	}
	params := openai.ChatCompletionNewParams{Model: c.model, Temperature: openai.Float(q.Temperature)}
	if q.System != "" {
		params.Messages = append(params.Messages, openai.SystemMessage(q.System))
	}
	params.Messages = append(params.Messages, openai.UserMessage(q.User))
	if q.MaxTokens > 0 {
		params.MaxTokens = openai.Int(q.MaxTokens)
	}
	if q.Seed != nil {
		params.Seed = openai.Int(*q.Seed)
	}
	reply, err := c.openai.Chat.Completions.New(ctx, params)
	if err != nil {
		return Answer{}, c.hideKey(err)
	}
	a := Answer{Read: reply.Usage.PromptTokens, Written: reply.Usage.CompletionTokens}
	if len(reply.Choices) == 0 {
		return a, fmt.Errorf("%s: an answer without choices", c.model)
	}
	a.Text = reply.Choices[0].Message.Content
	return a, nil
}

// Failure is what a server reported.
type Failure struct {
	Status  int // HTTP's, 0 where there was no answer
	Message string
}

// Error is the message.
func (e *Failure) Error() string { return e.Message }

// hideKey makes an error that holds no request, and with it no key: servers
// repeat keys in their messages, and the client's error has the header.
func (c *client) hideKey(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: no answer in time: %w", c.model, context.DeadlineExceeded)
	}
	out := &Failure{Message: fmt.Sprintf("%s: %v", c.model, err)}
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
