package evaluate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"divvy/stdlib/evaluate"
)

// The paper's BLEU is that of characters.
func ExampleBLEU() {
	fmt.Printf("%.3f\n", evaluate.BLEU("Boil the rice.", "Boil the brown rice."))
	// Output: 0.606
}

// Of 100 pairs 60 were won: it is no accident that it is more than half.
func ExampleWilson() {
	low, high := evaluate.Wilson(60, 100)
	fmt.Printf("%.3f to %.3f\n", low, high)
	// Output: 0.502 to 0.691
}

// A judge behind any endpoint that speaks OpenAI's chat protocol: here one on this
// machine, which likes short answers and needs no key.
func ExampleJudge_Compare() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Messages []struct{ Content string } }
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			log.Fatal(err)
		}
		_, text, _ := strings.Cut(q.Messages[1].Content, "<answer_a>")
		a, b, _ := strings.Cut(text, "</answer_a>")
		verdict := "A"
		if len(a) > len(b)-len("<answer_b></answer_b>") {
			verdict = "B"
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"choices":[{"message":{"content":%q}}]}`, verdict)
	}))
	defer server.Close()
	judge := evaluate.Judge{Model: "local", Endpoint: server.URL}
	prompts := []string{"How do I cook rice?", "Is tea healthy?"}
	ours, theirs := []string{"Boil it.", "Yes, mostly, as far as is known."}, []string{"First of all, wash it.", "Yes."}
	c, err := judge.Compare(context.Background(), prompts, ours, theirs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Verdict(0), c.Verdict(1))
	// Output: first second
}
