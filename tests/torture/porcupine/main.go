// Reads a history of calls as JSON lines (tests/torture/history.py) and prints one JSON line for each key whose answers
// no order explains: {"key": ..., "verdict": "wrong" | "too hard"}. The search is porcupine's.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	spacing = 1_000_000
	never   = int64(1) << 62
)

// A call on one key, as history.py describes it.
type call struct {
	Key       string `json:"key"`
	Kind      string `json:"kind"`
	Invoked   int64  `json:"invoked_ns"`
	Responded int64  `json:"responded_ns"`
	Value     *int64 `json:"value"`
	Expected  *int64 `json:"expected"`
	Outcome   string `json:"outcome"`
	Tells     bool   `json:"tells"`
	Seen      *int64 `json:"seen"`
}

// A key's item: its number or 0 where there is none (no number is ever 0), and how many ADDs and deletes of unknown
// outcome may still happen.
type state struct {
	number, adds, deletes int64
}

// What a call found and left. A step of kind "maybe" is the beginning of an ADD or delete of unknown outcome, which from
// then on may happen whenever it helps.
type step struct {
	kind          string
	told          bool
	before, after int64
}

func number(pointer *int64) int64 {
	if pointer == nil {
		return 0
	}
	return *pointer
}

// The state in which the item is what an answer told, after as few of the unknown calls as possible.
func (s state) becoming(wanted int64) (state, bool) {
	switch {
	case wanted == s.number:
	case wanted > s.number:
		s.adds -= wanted - s.number
	default:
		s.deletes--
		s.adds -= wanted
	}
	s.number = wanted
	return s, s.adds >= 0 && s.deletes >= 0
}

func apply(current, input, _ interface{}) (bool, interface{}) {
	now, does := current.(state), input.(step)
	if does.kind == "maybe" {
		now.adds += does.before
		now.deletes += does.after
		return true, now
	}
	if does.told {
		var possible bool
		if now, possible = now.becoming(does.before); !possible {
			return false, now
		}
	}
	now.number = does.after
	return does.before >= 0, now
}

// What a call with an answer did.
func answered(c call) step {
	seen := number(c.Seen)
	switch {
	case c.Kind == "get":
		return step{"does", true, seen, seen}
	case c.Outcome == "refused" && seen == number(c.Expected):
		return step{"does", true, -1, -1} // nothing explains it
	case c.Outcome == "refused":
		return step{"does", true, seen, seen}
	case c.Kind == "add":
		return step{"does", true, seen - 1, seen}
	case c.Kind == "put_if":
		return step{"does", true, number(c.Expected), number(c.Value)}
	}
	return step{"does", c.Tells, seen, number(c.Value)}
}

// The operations of one key for porcupine.
func operations(calls []call) []porcupine.Operation {
	var found []porcupine.Operation
	seen := map[int64]int64{} // by what a put wrote: when somebody was first told of it
	add := func(c call, does step, end int64) {
		found = append(found, porcupine.Operation{Input: does, Call: c.Invoked, Return: end})
		if does.kind == "does" && does.told && does.before > 0 {
			put := does.before / spacing * spacing
			if first, known := seen[put]; !known || end < first {
				seen[put] = end
			}
		}
	}
	var puts []call
	for _, c := range calls {
		switch {
		case c.Outcome == "ok" || c.Outcome == "refused":
			add(c, answered(c), c.Responded)
		case c.Outcome == "unknown" && c.Kind == "add":
			add(c, step{"maybe", false, 1, 0}, c.Invoked)
		case c.Outcome == "unknown" && c.Kind == "delete":
			add(c, step{"maybe", false, 0, 1}, c.Invoked)
		case c.Outcome == "unknown" && c.Kind != "get":
			puts = append(puts, c)
		}
	}
	// A put that nobody was told of need not have happened; the others had happened by then. A conditional put that
	// happened was itself told of another one.
	for settled := false; !settled; {
		settled = true
		for i, c := range puts {
			end, known := seen[number(c.Value)]
			if !known || c.Value == nil {
				continue
			}
			does := step{"does", c.Kind == "put_if", number(c.Expected), *c.Value}
			if end < c.Invoked {
				does, end = step{"does", true, -1, -1}, c.Invoked // told of before it began: nothing explains it
			}
			add(c, does, end)
			puts[i].Value, settled = nil, false
		}
	}
	return found
}

func main() {
	limit := flag.Duration("limit", time.Minute, "how long to think about one key")
	flag.Parse()
	byKey := map[string][]call{}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		byKey[c.Key] = append(byKey[c.Key], c)
	}
	model := porcupine.Model{Init: func() interface{} { return state{} }, Step: apply}
	for key, calls := range byKey {
		verdict := ""
		switch porcupine.CheckOperationsTimeout(model, operations(calls), *limit) {
		case porcupine.Illegal:
			verdict = "wrong"
		case porcupine.Unknown:
			verdict = "too hard"
		default:
			continue
		}
		line, _ := json.Marshal(map[string]string{"key": key, "verdict": verdict})
		fmt.Println(string(line))
	}
}
