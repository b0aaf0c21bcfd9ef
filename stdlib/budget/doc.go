// Package budget answers the question that Divvy is for: with a fixed
// annotation budget, more prompts or more responses to each, and which prompts?
//
//	law, err := budget.Published("PRO")
//	plan, err := budget.Split(ctx, ids, budget.Options{Annotations: 6000, Law: law})
//	plan              // every way to spend it, side by side
//	plan.Best().Rows  // the prompts to annotate
//
// A budget is a number of annotated responses, prompts times responses to each
// (Song et al. 2024, arXiv 2403.11124, section 4). For each number of responses
// Split measures how diverse as many prompts of the pool are as the budget pays
// for, once drawn at random and once chosen for their diversity (package
// augment).
//
// # What is known and what is not
//
// Diversity is measured on the pool that is given. What a reward follows from it
// is not: it takes a Law, one line of reward against d for each number of
// responses, which is always the caller's to choose. Published has the lines of
// the paper's Figure 4, which hold for OPT-1.3B on HH-RLHF with LLaMA's tokens;
// FitLaw makes them from runs of one's own (train.Grid gives such runs). A d
// outside the range that the lines were fitted on is marked: a line says nothing
// there. That prompts chosen for diversity follow the line of random ones is an
// assumption, too; the paper found that they help a little. Whether one way is
// better than another is asked of their difference, by [Estimate.Gain]; a Plan says
// which ways are not clearly worse than the best.
//
// The package knows token ids, their diversity and the choice of prompts, tables
// and figures. It trains nothing.
package budget
