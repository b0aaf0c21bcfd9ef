// Package evaluate measures answers: by a reward model, as the paper does, by
// BLEU against the best known answer, and by a judge that speaks OpenAI's
// protocol.
//
//	report, err := evaluate.Answers(ctx, rewardModel, test, answers, nil)
//	report.Against(before) // another report of the same prompts
//	verdicts, err := evaluate.Judge{Model: "gpt-4.1"}.Compare(ctx, test.Prompts(), ours, theirs)
//
// The package knows texts, datasets and models; it trains nothing.
package evaluate
