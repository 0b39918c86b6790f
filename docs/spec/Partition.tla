----------------------------- MODULE Partition -----------------------------
(***************************************************************************)
(* One partition of streamdyn: its log, the lease that is kept in it, and   *)
(* the nodes that hold a replica.  docs/spec/README.md tells how the        *)
(* actions map to the code, and what is left out.                           *)
(*                                                                         *)
(* A replica is a prefix of the log, so that a read is as good as the       *)
(* length of the prefix that it shows.  Time is true time, in ticks; D is   *)
(* the longest true time for which a holder can believe in a lease, on the  *)
(* slowest clock allowed, and others wait until more than D has passed, on  *)
(* the quickest one.                                                        *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS Nodes,      \* the nodes that hold a replica
          Ids,        \* the ids of clients' writes, each of which may be sent twice
          D,          \* the lease, in ticks
          MaxLog, MaxTime, MaxLives, MaxFlight,
          With,       \* what happens at all, of "releases", "retries", "foreign", "lease reads", "follower reads",
                      \* "barriers", "crashes", "checkpoints": each of them multiplies the states
          Broken      \* the rule that is left out, or "none"

VARIABLES log,        \* the records, in order
          head,       \* how many of them have been trimmed
          now,        \* true time
          flight,     \* lease records that were sent and have not got into the log
          rep,        \* each node's replica, in memory
          disk,       \* and as it was last flushed
          life,       \* which run of the node this is
          observed,   \* when it saw the lease record that counts for it
          expires,    \* until when it believes in its own lease
          releasing,  \* whether it has sent a release
          reading,    \* the read that each node is at
          acked,      \* the longest prefix that any answer to a client has told of
          produced    \* the longest prefix that Kafka has acknowledged to a producer

vars == <<log, head, now, flight, rep, disk, life, observed, expires, releasing, reading, acked, produced>>

None == [kind |-> "none"]
NoLease == [at |-> 0, node |-> "nobody", life |-> 0, epoch |-> 0]
Fresh == [k |-> 0, lease |-> NoLease, times |-> [i \in Ids |-> 0]]

Max(a, b) == IF a > b THEN a ELSE b
Holds(n) == rep[n].lease.node = n /\ rep[n].lease.life = life[n]
Valid(n) == Holds(n) /\ now <= expires[n] /\ ~releasing[n]
IsLease(r) == r.kind \in {"claim", "renew", "release"}

Init ==
  /\ log = <<>> /\ head = 0 /\ now = 0 /\ flight = {}
  /\ rep = [n \in Nodes |-> Fresh] /\ disk = [n \in Nodes |-> Fresh]
  /\ life = [n \in Nodes |-> 1]
  /\ observed = [n \in Nodes |-> 0] /\ expires = [n \in Nodes |-> 0]
  /\ releasing = [n \in Nodes |-> FALSE] /\ reading = [n \in Nodes |-> None]
  /\ acked = 0 /\ produced = 0

----------------------------------------------------------------------------
(* The log: a state machine that every replica runs (core/apply.py, core/lease.py: accept). *)

Accepted(lease, r) ==
  /\ Broken = "compare-and-set" \/ r.after = lease.at
  /\ IF r.kind = "claim" THEN r.epoch = lease.epoch + 1 ELSE r.life = lease.life /\ r.node = lease.node

LeaseAfter(lease, r, at) ==
  IF ~Accepted(lease, r) THEN lease
  ELSE IF r.kind = "release" THEN [at |-> at, node |-> "nobody", life |-> 0, epoch |-> lease.epoch]
  ELSE [at |-> at, node |-> r.node, life |-> r.life, epoch |-> r.epoch]

Applied(state, r) ==
  LET at == state.k + 1 IN
  IF IsLease(r) THEN [state EXCEPT !.k = at, !.lease = LeaseAfter(state.lease, r, at)]
  ELSE IF r.kind = "write" /\ (state.times[r.id] = 0 \/ Broken = "dedupe window")
    THEN [state EXCEPT !.k = at, !.times[r.id] = @ + 1]
  ELSE [state EXCEPT !.k = at]

RECURSIVE Prefix(_)
Prefix(k) == IF k = 0 THEN Fresh ELSE Applied(Prefix(k - 1), log[k])

Land(r) == Len(log) < MaxLog /\ log' = Append(log, r)

----------------------------------------------------------------------------
(* What a node does with the log (cluster/partition.py, core/lease.py: LeaseKeeper). *)

Apply(n) ==
  LET next == rep[n].k + 1
      r == log[next]
      after == Applied(rep[n], r)
      isNew == after.lease # rep[n].lease
      isOwn == IF Broken = "former life" THEN r.node = n ELSE r.node = n /\ r.life = life[n]
  IN
  /\ rep[n].k < Len(log) /\ next > head
  /\ reading[n].kind # "lease" \/ Broken = "read under the present epoch"
  /\ rep' = [rep EXCEPT ![n] = after]
  /\ IF isNew
     THEN /\ observed' = [observed EXCEPT ![n] = now]
          /\ expires' = [expires EXCEPT ![n] =
               IF ~isOwn \/ r.kind = "release" THEN 0
               ELSE IF Broken = "counted from before sending" THEN now + D ELSE r.sent + D]
          /\ releasing' = [releasing EXCEPT ![n] = FALSE]
          /\ life' = IF Broken = "former life" /\ isOwn /\ r.kind # "release" THEN [life EXCEPT ![n] = r.life] ELSE life
     ELSE UNCHANGED <<observed, expires, releasing, life>>
  /\ UNCHANGED <<log, head, now, flight, disk, reading, acked, produced>>

MayClaim(n) ==
  \/ rep[n].lease.node = "nobody"
  \/ now > observed[n] + D
  \/ Broken = "strictly longer wait" /\ now >= observed[n] + D
  \/ Broken = "wait before the claim"

Send(n, kind, epoch) ==
  /\ Cardinality(flight) < MaxFlight
  /\ flight' = flight \cup {[kind |-> kind, node |-> n, life |-> life[n], epoch |-> epoch,
                              after |-> rep[n].lease.at, sent |-> now]}

Claim(n) == ~Holds(n) /\ MayClaim(n) /\ Send(n, "claim", rep[n].lease.epoch + 1)
            /\ UNCHANGED <<log, head, now, rep, disk, life, observed, expires, releasing, reading, acked, produced>>

Renew(n) == Holds(n) /\ Send(n, "renew", rep[n].lease.epoch)
            /\ UNCHANGED <<log, head, now, rep, disk, life, observed, expires, releasing, reading, acked, produced>>

Release(n) == "releases" \in With /\ Holds(n) /\ Send(n, "release", rep[n].lease.epoch)
              /\ releasing' = [releasing EXCEPT ![n] = Broken # "release stops serving"]
              /\ UNCHANGED <<log, head, now, rep, disk, life, observed, expires, reading, acked, produced>>

\* Sent long ago, perhaps by a life that is over: it may land at any time, or never.
Arrive == \E r \in flight : Land(r) /\ flight' = flight \ {r}
          /\ UNCHANGED <<head, now, rep, disk, life, observed, expires, releasing, reading, acked, produced>>
Lose == \E r \in flight : flight' = flight \ {r}
        /\ UNCHANGED <<log, head, now, rep, disk, life, observed, expires, releasing, reading, acked, produced>>

----------------------------------------------------------------------------
(* Writes: by clients, through a node that leads as far as it knows; and by anybody's Kafka producer. *)

Write(n, id) == Holds(n) /\ ~releasing[n] /\ Land([kind |-> "write", id |-> id, node |-> n])
  /\ Cardinality({j \in 1..Len(log) : log[j].kind = "write" /\ log[j].id = id})
       < (IF "retries" \in With THEN 2 ELSE 1)
  /\ UNCHANGED <<head, now, flight, rep, disk, life, observed, expires, releasing, reading, acked, produced>>

Acknowledge(n) ==
  \E j \in 1..rep[n].k :
    /\ log[j].kind = "write" /\ log[j].node = n /\ j > acked
    /\ LET lease == Prefix(j).lease IN
       Broken = "acknowledged by the holder only" \/ (lease.node = n /\ lease.life = life[n])
    /\ acked' = j
    /\ UNCHANGED <<log, head, now, flight, rep, disk, life, observed, expires, releasing, reading, produced>>

Produce == "foreign" \in With /\ Land([kind |-> "foreign", node |-> "nobody"]) /\ produced' = Len(log) + 1
           /\ UNCHANGED <<head, now, flight, rep, disk, life, observed, expires, releasing, reading, acked>>

----------------------------------------------------------------------------
(* Reads.  `need` is what an answer must include: all that any client had been told of when the read began. *)

Begin(n, read) == reading[n] = None /\ reading' = [reading EXCEPT ![n] = read]

ReadUnderLease(n) == "lease reads" \in With /\ Begin(n, [kind |-> "lease", k |-> rep[n].k, need |-> acked, was |-> Valid(n)])
  /\ UNCHANGED <<log, head, now, flight, rep, disk, life, observed, expires, releasing, acked, produced>>

\* Anything but an application of records may come between the read and the look at the lease: time above all.
AnswerUnderLease(n) ==
  /\ reading[n].kind = "lease"
  /\ IF Broken = "lease checked after the read" THEN reading[n].was ELSE Valid(n)
  /\ reading' = [reading EXCEPT ![n] = [kind |-> "answer", k |-> reading[n].k, need |-> reading[n].need]]
  /\ UNCHANGED <<log, head, now, flight, rep, disk, life, observed, expires, releasing, acked, produced>>

\* A follower's read (cluster/follower_reads.py): what has the leader applied?
FollowerAsks(n) ==
  /\ "follower reads" \in With
  /\ \E h \in Nodes : (Valid(h) /\ h # n) /\
       Begin(n, [kind |-> "follows", need |-> acked,
                 from |-> IF Broken = "first follower message" THEN 0 ELSE rep[h].k])
  /\ UNCHANGED <<log, head, now, flight, rep, disk, life, observed, expires, releasing, acked, produced>>

FollowerReads(n) ==
  /\ reading[n].kind = "follows" /\ rep[n].k >= reading[n].from
  /\ reading' = [reading EXCEPT ![n] = [kind |-> "confirms", k |-> rep[n].k, need |-> reading[n].need]]
  /\ UNCHANGED <<log, head, now, flight, rep, disk, life, observed, expires, releasing, acked, produced>>

\* And has a leader applied what was read?
FollowerAnswers(n) ==
  /\ reading[n].kind = "confirms"
  /\ Broken = "second follower message" \/ \E h \in Nodes : Valid(h) /\ rep[h].k >= reading[n].k
  /\ reading' = [reading EXCEPT ![n] = [kind |-> "answer", k |-> reading[n].k, need |-> reading[n].need]]
  /\ UNCHANGED <<log, head, now, flight, rep, disk, life, observed, expires, releasing, acked, produced>>

\* A barrier: a record of the reader's own, sent after the read began, and all that lies before it.
BarrierAppends(n) ==
  /\ "barriers" \in With
  /\ Holds(n)
  /\ IF Broken = "barrier as an append"
     THEN UNCHANGED log /\ Begin(n, [kind |-> "barrier", upto |-> 0, need |-> Max(acked, produced)])
     ELSE Land([kind |-> "noop", node |-> n])
          /\ Begin(n, [kind |-> "barrier", upto |-> Len(log) + 1, need |-> Max(acked, produced)])
  /\ UNCHANGED <<head, now, flight, rep, disk, life, observed, expires, releasing, acked, produced>>

BarrierReads(n) ==
  /\ reading[n].kind = "barrier" /\ rep[n].k >= reading[n].upto
  /\ reading' = [reading EXCEPT ![n] = [kind |-> "lease", k |-> rep[n].k, need |-> reading[n].need, was |-> Valid(n)]]
  /\ UNCHANGED <<log, head, now, flight, rep, disk, life, observed, expires, releasing, acked, produced>>

\* The client has the answer; the node may take the next read.
Answered(n) ==
  /\ reading[n].kind = "answer"
  /\ acked' = Max(acked, reading[n].k)
  /\ reading' = [reading EXCEPT ![n] = None]
  /\ UNCHANGED <<log, head, now, flight, rep, disk, life, observed, expires, releasing, produced>>

GiveUp(n) == reading[n].kind \in {"lease", "follows", "confirms", "barrier"}
  /\ reading' = [reading EXCEPT ![n] = None]
  /\ UNCHANGED <<log, head, now, flight, rep, disk, life, observed, expires, releasing, acked, produced>>

----------------------------------------------------------------------------
(* Disks and time. *)

Flush(n) == With \cap {"crashes", "checkpoints"} # {} /\ disk[n] # rep[n] /\ disk' = [disk EXCEPT ![n] = rep[n]]
            /\ UNCHANGED <<log, head, now, flight, rep, life, observed, expires, releasing, reading, acked, produced>>

\* A restart is a new life: it has what was flushed, remembers no lease, and counts what it finds as seen now.
Restart(n) ==
  /\ "crashes" \in With
  /\ life[n] < MaxLives
  /\ life' = [life EXCEPT ![n] = @ + 1]
  /\ rep' = [rep EXCEPT ![n] =
       IF Broken = "offset and rows in one batch" THEN [disk[n] EXCEPT !.k = rep[n].k] ELSE disk[n]]
  /\ disk' = [disk EXCEPT ![n] = rep'[n]]
  /\ observed' = [observed EXCEPT ![n] = now]
  /\ expires' = [expires EXCEPT ![n] = 0] /\ releasing' = [releasing EXCEPT ![n] = FALSE]
  /\ reading' = [reading EXCEPT ![n] = None]
  /\ UNCHANGED <<log, head, now, flight, acked, produced>>

\* The log's beginning is deleted, behind what is on disks.
Trim ==
  /\ "checkpoints" \in With
  /\ \E k \in (head + 1)..Len(log) :
       /\ \A n \in Nodes : disk[n].k >= k \/ Broken = "trim behind checkpoints"
       /\ head' = k
  /\ UNCHANGED <<log, now, flight, rep, disk, life, observed, expires, releasing, reading, acked, produced>>

\* A replica that the log has left behind, because its disk was lost, has another one's checkpoint.
LoseDisk(n) == "checkpoints" \in With /\ rep[n].k > 0 /\ life[n] < MaxLives
  /\ life' = [life EXCEPT ![n] = @ + 1]
  /\ \E m \in Nodes : m # n /\ disk[m].k >= head
       /\ rep' = [rep EXCEPT ![n] = disk[m]] /\ disk' = [disk EXCEPT ![n] = disk[m]]
  /\ observed' = [observed EXCEPT ![n] = now]
  /\ expires' = [expires EXCEPT ![n] = 0] /\ releasing' = [releasing EXCEPT ![n] = FALSE]
  /\ reading' = [reading EXCEPT ![n] = None]
  /\ UNCHANGED <<log, head, now, flight, acked, produced>>

Tick == now < MaxTime /\ now' = now + 1
        /\ UNCHANGED <<log, head, flight, rep, disk, life, observed, expires, releasing, reading, acked, produced>>

Next ==
  \/ Tick \/ Arrive \/ Lose \/ Produce \/ Trim
  \/ \E n \in Nodes :
       \/ Apply(n) \/ Claim(n) \/ Renew(n) \/ Release(n) \/ Acknowledge(n)
       \/ ReadUnderLease(n) \/ AnswerUnderLease(n) \/ FollowerAsks(n) \/ FollowerReads(n) \/ FollowerAnswers(n)
       \/ BarrierAppends(n) \/ BarrierReads(n) \/ Answered(n) \/ GiveUp(n)
       \/ Flush(n) \/ Restart(n) \/ LoseDisk(n)
       \/ \E id \in Ids : Write(n, id)

Spec == Init /\ [][Next]_vars

----------------------------------------------------------------------------
(* What users are promised. *)

\* No answer of a strong read lacks what any client had been told of before it began.
StrongReadsAreLinearizable == \A n \in Nodes : reading[n].kind = "answer" => reading[n].k >= reading[n].need

\* Nobody could ever again have what was acknowledged, if no disk reached what is left of the log.
AcknowledgedWritesAreNeverLost == \E n \in Nodes : disk[n].k >= head

RetriedCommandsApplyOnce == \A n \in Nodes, i \in Ids : rep[n].times[i] <= 1

ReplicasAtOnePlaceAreTheSame == \A n \in Nodes : rep[n].k >= head => rep[n] = Prefix(rep[n].k)

\* Two nodes that both may answer strong reads have both applied all that was acknowledged.
ReadersHaveAllThatWasAcknowledged == \A n \in Nodes : Valid(n) => rep[n].k >= acked
=============================================================================
