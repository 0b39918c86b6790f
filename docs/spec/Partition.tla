----------------------------- MODULE Partition -----------------------------
(***************************************************************************)
(* One partition of streamdyn: its log, the lease that is kept in it, and   *)
(* the nodes that hold a replica.  docs/spec/README.md tells how the        *)
(* actions map to the code, and what goes wrong without each rule.          *)
(*                                                                         *)
(* A replica is a prefix of the log, so that a read is as good as the       *)
(* prefix that it shows is long.  Every step below may be followed by any   *)
(* other one, of any node, and by any amount of time: that is what a pause, *)
(* a slow network and a slow disk are.                                      *)
(*                                                                         *)
(* Time is true time, in ticks.  D is the longest true time for which a     *)
(* holder can believe in a lease, by the slowest clock allowed; others wait *)
(* until more than D has passed, by the quickest clock allowed.  A clock in *)
(* between does nothing that these two do not.                              *)
(*                                                                         *)
(* Nothing but the lag is bounded here: Quotient.tla says which states are  *)
(* the same, and makes the search finite.                                   *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS Nodes,      \* the nodes that hold a replica
          D,          \* the lease, in ticks
          Lag,        \* how many records the log has beyond the shortest prefix that some replica stands at
          Flights,    \* how many lease records are on their way at once
          With,       \* what happens at all, of "lease reads", "follower reads", "barriers", "positions", "releases",
                      \* "retries", "crashes", "made anew", "checkpoints"
          Broken      \* the rule that is left out, or "none"

VARIABLES log,        \* the records, in order
          head,       \* how many of them have been trimmed
          now,        \* true time
          flight,     \* lease records that were sent and have not got into the log
          rep,        \* how much of the log each node's replica has applied
          disk,       \* and how much of that is on its disk
          knows,      \* where the ids of commands that it remembers begin: after so many records
          holes,      \* which records' rows are missing in it all the same (see "offset and rows in one batch")
          lost,       \* the nodes whose disk was lost
          life,       \* which run of its process each node is in
          keeper,     \* which LeaseKeeper: each run of the process, and each replica made anew, begins another one
          seen,       \* when each node saw the lease record that counts for it
          until,      \* until when it believes in its own lease
          asked,      \* when it sent its last lease record, as far as it remembers (see "one id for one record")
          reading,    \* the strong read, or the read at a position, that is going on
          acked,      \* the longest prefix that any answer to a client has told of
          wrong       \* the promises that have been broken

logVars == <<log, flight>>
nodeVars == <<rep, knows, holes, life, keeper, seen, until, asked>>
diskVars == <<head, disk, lost>>
clientVars == <<reading, acked, wrong>>
vars == <<logVars, nodeVars, diskVars, clientVars, now>>

Never == -1
Nobody == <<"nobody", 0>>
NoRead == [kind |-> "none", node |-> "nobody", k |-> 0, need |-> 0, from |-> 0]

Max(a, b) == IF a > b THEN a ELSE b
Least(set) == CHOOSE x \in set : \A y \in set : x <= y

Leased == With \cap {"lease reads", "follower reads", "barriers"} # {}
Durable == With \cap {"crashes", "made anew", "checkpoints"} # {}
Ids == IF "retries" \in With THEN {1} ELSE {0}      \* 0 is the id of all commands that are sent once

Init ==
  /\ log = <<>> /\ flight = {} /\ now = 0 /\ head = 0 /\ lost = {}
  /\ rep = [n \in Nodes |-> 0] /\ disk = [n \in Nodes |-> 0] /\ holes = [n \in Nodes |-> {}]
  /\ knows = [n \in Nodes |-> 0]
  /\ life = [n \in Nodes |-> 1] /\ keeper = [n \in Nodes |-> 1]
  /\ seen = [n \in Nodes |-> 0] /\ until = [n \in Nodes |-> Never] /\ asked = [n \in Nodes |-> Never]
  /\ reading = NoRead /\ acked = 0 /\ wrong = {}

----------------------------------------------------------------------------
(* The log, and what any prefix of it says about the lease (statemachine/lease_command.py: accept).  Each record is kept together *)
(* with what follows from it and those before it: `last`, the place of the last accepted lease record, and        *)
(* `epoch`, how many claims have been accepted.                                                                   *)

At(k) == IF k = 0 THEN 0 ELSE log[k].last
Epoch(k) == IF k = 0 THEN 0 ELSE log[k].epoch
IsLease(r) == r.kind \in {"claim", "renew", "release"}

\* The life of a node that holds the lease by the first k records.
Holder(k) ==
  IF At(k) = 0 THEN Nobody
  ELSE LET r == log[At(k)].record IN IF r.kind = "release" THEN Nobody ELSE <<r.node, r.life>>

\* Whether a lease record would count if it came next.  A record names (`after`) the last one that its sender knew of.
Accepted(r) ==
  /\ r.after = At(Len(log)) \/ Broken = "compare-and-set"
  /\ Epoch(r.after) = Epoch(Len(log))
  /\ r.kind = "claim" \/ Holder(Len(log)) = <<r.node, r.life>>

\* The shortest prefix that somebody stands at, in memory or on disk.
Base == Least({rep[n] : n \in Nodes \ lost} \cup (IF Durable THEN {disk[n] : n \in Nodes \ lost} ELSE {})
              \cup (IF reading.kind \in {"lease", "confirms"} THEN {reading.k} ELSE {}))

Land(r) ==
  LET end == Len(log)
      counts == IsLease(r) /\ Accepted(r) IN
  /\ end - Base < Lag
  /\ log' = Append(log, [record |-> r,
                         last |-> IF counts THEN end + 1 ELSE At(end),
                         epoch |-> Epoch(end) + IF counts /\ r.kind = "claim" THEN 1 ELSE 0])

Other(kind, id) == [kind |-> kind, node |-> "nobody", life |-> 0, id |-> id]

\* A command gets into the log: a client's, sent once or again by whichever node led then, or any Kafka producer's.  Who
\* sent it and when nobody can tell from what the log does with it; so it is one step.
WriteLands(id) == Land(Other("write", id))
                  /\ UNCHANGED <<flight, now, nodeVars, diskVars, clientVars>>

----------------------------------------------------------------------------
(* A node and its lease (statemachine/lease_keeper.py: LeaseKeeper; partition/appender.py). *)

Holds(n) == IF Broken = "former life" THEN Holder(rep[n])[1] = n ELSE Holder(rep[n]) = <<n, life[n]>>

\* It may answer strong reads now.
Valid(n) == Holds(n) /\ now <= until[n]

MayClaim(n) ==
  \/ Holder(rep[n]) = Nobody
  \/ now > seen[n] + D
  \/ Broken = "strictly longer wait" /\ now >= seen[n] + D
  \/ Broken = "wait before the first acknowledgement"

\* A lease record goes on its way.  One that could not be accepted any more would change nothing where it lands: it is
\* left out here, and in `Arrive`.  (A write that changes nothing stands for it.)
Send(n, kind) ==
  LET r == [kind |-> kind, node |-> n, life |-> life[n], keeper |-> keeper[n], after |-> At(rep[n]), sent |-> now] IN
  /\ Cardinality(flight) < Flights
  /\ flight' = IF Accepted(r) THEN flight \cup {r} ELSE flight
  /\ asked' = IF Broken = "one id for one record" /\ kind # "release" THEN [asked EXCEPT ![n] = now] ELSE asked

Claim(n) == Leased /\ n \notin lost /\ ~Holds(n) /\ MayClaim(n) /\ Send(n, "claim")
            /\ UNCHANGED <<log, now, rep, knows, holes, life, keeper, seen, until, diskVars, clientVars>>

Renew(n) == Holds(n) /\ Send(n, "renew")
            /\ UNCHANGED <<log, now, rep, knows, holes, life, keeper, seen, until, diskVars, clientVars>>

\* From here on it serves no more, until another lease record of its own is accepted.
Release(n) == "releases" \in With /\ Holds(n) /\ Send(n, "release")
              /\ until' = [until EXCEPT ![n] = IF Broken = "release stops serving" THEN @ ELSE Never]
              /\ UNCHANGED <<log, now, rep, knows, holes, life, keeper, seen, diskVars, clientVars>>

\* It gets into the log at any time, perhaps when its sender is not alive any more; or never.  All others that name the
\* record before it are void from then on.
Arrive == \E r \in flight : /\ Land(r) /\ flight' = {other \in flight \ {r} : Accepted(other)'}
                           /\ UNCHANGED <<now, nodeVars, diskVars, clientVars>>
Lose == \E r \in flight : /\ flight' = flight \ {r}
                         /\ UNCHANGED <<log, now, nodeVars, diskVars, clientVars>>

\* Until when a node believes in the lease of a record that it has just applied.
Believes(n, r) ==
  IF r.node # n \/ r.kind = "release" THEN Never
  ELSE IF r.keeper = keeper[n] THEN (IF Broken = "counted from before sending" THEN now ELSE r.sent) + D
  ELSE IF Broken = "former life" THEN now + D
  ELSE IF Broken = "one id for one record" /\ r.life = life[n] /\ asked[n] # Never THEN asked[n] + D
  ELSE Never

\* Whether a command is among those that a replica has applied, and whether it remembers that and leaves it out.
AppliedSince(first, n, r) ==
  r.kind = "write" /\ r.id # 0
  /\ \E j \in first..rep[n] : log[j].record.kind = "write" /\ log[j].record.id = r.id
Remembers(n, r) == Broken # "dedupe window" /\ AppliedSince(knows[n] + 1, n, r)

\* The next record is applied.  If it is a client's write, and this node was the holder at its place, then the client is
\* told at once: were it told later, or not at all, then less would be asked of reads.
Apply(n) ==
  LET next == rep[n] + 1
      r == log[next].record IN
  /\ n \notin lost /\ next <= Len(log) /\ next > head
  /\ ~(reading.kind = "lease" /\ reading.node = n) \/ Broken = "read under the present epoch"
  /\ rep' = [rep EXCEPT ![n] = next]
  /\ IF At(next) = next
     THEN /\ seen' = [seen EXCEPT ![n] = now]
          /\ until' = [until EXCEPT ![n] = Believes(n, r)]
          /\ asked' = [asked EXCEPT ![n] = Never]
     ELSE UNCHANGED <<seen, until, asked>>
  /\ acked' = IF /\ r.kind = "write"
                 /\ Holder(next) = <<n, life[n]>> \/ Broken = "acknowledged by the holder only"
              THEN Max(acked, next) ELSE acked
  /\ wrong' = IF AppliedSince(1, n, r) /\ ~Remembers(n, r)
              THEN wrong \cup {"a command was applied twice"} ELSE wrong
  /\ UNCHANGED <<logVars, now, knows, holes, life, keeper, diskVars, reading>>

----------------------------------------------------------------------------
(* Reads.  `need` is what the answer must show: for a strong read, all that any client had been told of when it    *)
(* began.  One read at a time is enough to see a wrong answer: it lacks what an answer told that was over before   *)
(* it began, and no other read matters for that.                                                                   *)

Begin(n, kind, k, need, from) ==
  /\ reading = NoRead /\ n \notin lost
  /\ reading' = [kind |-> kind, node |-> n, k |-> k, need |-> need, from |-> from]

Answer(n, k, promise) ==
  /\ reading' = NoRead
  /\ wrong' = IF k < reading.need \/ holes[n] \cap 1..reading.need # {} THEN wrong \cup {promise} ELSE wrong

Strongly(n, k) == Answer(n, k, "a strong read was stale") /\ acked' = Max(acked, k)

\* At the lease's holder: the state is read, and then the lease is looked at (partition/partition.py: consistent).  Time
\* and other nodes' steps may come in between, but no application here.
ReadsState(n) ==
  /\ "lease reads" \in With
  /\ IF Broken = "lease checked after the read"
     THEN Valid(n) /\ Begin(n, "checked", 0, acked, 0)
     ELSE Begin(n, "lease", rep[n], acked, 0)
  /\ UNCHANGED <<logVars, now, nodeVars, diskVars, acked, wrong>>

AnswersUnderLease(n) ==
  /\ reading.node = n
  /\ \/ reading.kind = "lease" /\ Valid(n) /\ Strongly(n, reading.k)
     \/ reading.kind = "checked" /\ Strongly(n, rep[n])
  /\ UNCHANGED <<logVars, now, nodeVars, diskVars>>

\* At another node (partition/follower_reads.py): a holder says what it has applied; this node reads once it has as much;
\* then a holder says that it has applied what was read.  The holder need not be the same one.
FollowerAsks(n, holder) ==
  /\ "follower reads" \in With /\ holder # n /\ Valid(holder)
  /\ Begin(n, "follows", 0, acked, IF Broken = "first follower message" THEN 0 ELSE rep[holder])
  /\ UNCHANGED <<logVars, now, nodeVars, diskVars, acked, wrong>>

FollowerReads(n) ==
  /\ reading.kind = "follows" /\ reading.node = n /\ rep[n] >= reading.from
  /\ reading' = [reading EXCEPT !.kind = "confirms", !.k = rep[n], !.from = 0]
  /\ UNCHANGED <<logVars, now, nodeVars, diskVars, acked, wrong>>

FollowerAnswers(n) ==
  /\ reading.kind = "confirms" /\ reading.node = n
  /\ Broken = "second follower message" \/ \E holder \in Nodes \ {n} : Valid(holder) /\ rep[holder] >= reading.k
  /\ Strongly(n, reading.k)
  /\ UNCHANGED <<logVars, now, nodeVars, diskVars>>

\* A barrier: a record of the reader's own, sent after the read began; once that is applied, a read under the lease.
\* All that is in the log when it begins may have been acknowledged to some producer.
BarrierAsks(n) ==
  /\ "barriers" \in With
  /\ IF Broken = "barrier as an append"
     THEN Begin(n, "barrier", 0, Len(log), 0) /\ UNCHANGED log
     ELSE Begin(n, "barrier", 0, Len(log), Len(log) + 1) /\ Land(Other("barrier", 0))
  /\ UNCHANGED <<flight, now, nodeVars, diskVars, acked, wrong>>

BarrierReads(n) ==
  /\ reading.kind = "barrier" /\ reading.node = n /\ rep[n] >= reading.from
  /\ reading' = [reading EXCEPT !.kind = "lease", !.k = rep[n], !.from = 0]
  /\ UNCHANGED <<logVars, now, nodeVars, diskVars, acked, wrong>>

\* At a position, at any node and under no lease (partition/partition.py: wait_for).  A client or a producer was given the
\* position when that was the log's last.
PositionAsks(n) ==
  /\ "positions" \in With /\ Begin(n, "position", 0, Len(log), 0)
  /\ UNCHANGED <<logVars, now, nodeVars, diskVars, acked, wrong>>

PositionIsThere(n) ==
  /\ reading.kind = "position" /\ reading.node = n
  /\ rep[n] >= reading.need \/ Broken = "wait for the position"
  /\ reading' = [reading EXCEPT !.kind = "there"]
  /\ UNCHANGED <<logVars, now, nodeVars, diskVars, acked, wrong>>

PositionReads(n) ==
  /\ reading.kind = "there" /\ reading.node = n /\ n \notin lost
  /\ Answer(n, rep[n], "a read lacked its position")
  /\ UNCHANGED <<logVars, now, nodeVars, diskVars, acked>>

----------------------------------------------------------------------------
(* Disks. *)

Flush(n) == Durable /\ disk' = [disk EXCEPT ![n] = rep[n]]
            /\ UNCHANGED <<logVars, now, nodeVars, head, lost, clientVars>>

\* The node goes on from k, with nothing but that: it remembers none of its lease records, counts the lease that it
\* finds as seen now, and does not answer the read that it was at.
StartsAt(n, k) ==
  /\ rep' = [rep EXCEPT ![n] = k]
  /\ knows' = [knows EXCEPT ![n] = IF Broken = "dedupe window on the disk" THEN k ELSE @]
  /\ keeper' = [keeper EXCEPT ![n] = @ + 1]
  /\ seen' = [seen EXCEPT ![n] = now]
  /\ until' = [until EXCEPT ![n] =
       IF Broken = "former life" /\ Holder(k)[1] = n THEN now + D ELSE Never]
  /\ asked' = [asked EXCEPT ![n] = Never]
  /\ reading' = IF reading.node # n \/ (Broken = "wait again for the position" /\ reading.kind = "there") THEN reading
                 ELSE NoRead

\* A crash and a start of the process: another life, from what is on the disk.
Restart(n) ==
  /\ "crashes" \in With /\ n \notin lost
  /\ life' = [life EXCEPT ![n] = @ + 1]
  /\ IF Broken = "offset and rows in one batch"
     THEN StartsAt(n, rep[n]) /\ holes' = [holes EXCEPT ![n] = @ \cup (disk[n] + 1)..rep[n]]
     ELSE StartsAt(n, disk[n]) /\ UNCHANGED holes
  /\ UNCHANGED <<logVars, now, diskVars, acked, wrong>>

\* A replica that was wrong, or was given up and came back, is made anew in the same life (Rebuilding.replace and
\* Replicas._hand_over_and_remove): from an older state, or none.
MadeAnew(n) ==
  /\ "made anew" \in With /\ n \notin lost
  /\ StartsAt(n, disk[n])
  /\ UNCHANGED <<logVars, now, life, holes, diskVars, acked, wrong>>

\* The log's beginning is deleted, behind what is on two nodes' disks, or on one's if there is no other.
Copies == IF Broken = "trim behind checkpoints" THEN 0 ELSE IF Broken = "checkpoints of two nodes" THEN 1
          ELSE IF Cardinality(Nodes) = 1 THEN 1 ELSE 2
Trim ==
  /\ "checkpoints" \in With
  /\ \E k \in (head + 1)..Len(log) :
       /\ Cardinality({n \in Nodes \ lost : disk[n] >= k}) >= Copies
       /\ head' = k
  /\ UNCHANGED <<logVars, now, nodeVars, disk, lost, clientVars>>

\* One disk is lost, and no other one until that node has a replica again; or a node comes that had none.  (From a log
\* with its beginning this is a restart with an old disk.)
LoseDisk(n) ==
  /\ "checkpoints" \in With /\ head > 0 /\ lost = {}
  /\ lost' = {n} /\ disk' = [disk EXCEPT ![n] = 0] /\ life' = [life EXCEPT ![n] = @ + 1]
  /\ StartsAt(n, 0)
  /\ UNCHANGED <<logVars, now, holes, head, acked, wrong>>

\* A replica that the log has left behind gets another node's checkpoint (control/catch_up.py).
Fetch(n, from) ==
  /\ rep[n] < head /\ from # n /\ from \notin lost /\ disk[from] >= head
  /\ lost' = lost \ {n} /\ disk' = [disk EXCEPT ![n] = disk[from]]
  /\ StartsAt(n, disk[from])
  /\ UNCHANGED <<logVars, now, life, holes, head, acked, wrong>>

Tick == now' = now + 1 /\ UNCHANGED <<logVars, nodeVars, diskVars, clientVars>>

Next ==
  \/ Tick
  \/ \E id \in Ids : WriteLands(id)
  \/ Arrive
  \/ Lose
  \/ Trim
  \/ \E n \in Nodes : Apply(n)
  \/ \E n \in Nodes : Claim(n)
  \/ \E n \in Nodes : Renew(n)
  \/ \E n \in Nodes : Release(n)
  \/ \E n \in Nodes : ReadsState(n)
  \/ \E n \in Nodes : AnswersUnderLease(n)
  \/ \E n, holder \in Nodes : FollowerAsks(n, holder)
  \/ \E n \in Nodes : FollowerReads(n)
  \/ \E n \in Nodes : FollowerAnswers(n)
  \/ \E n \in Nodes : BarrierAsks(n)
  \/ \E n \in Nodes : BarrierReads(n)
  \/ \E n \in Nodes : PositionAsks(n)
  \/ \E n \in Nodes : PositionIsThere(n)
  \/ \E n \in Nodes : PositionReads(n)
  \/ \E n \in Nodes : Flush(n)
  \/ \E n \in Nodes : Restart(n)
  \/ \E n \in Nodes : MadeAnew(n)
  \/ \E n \in Nodes : LoseDisk(n)
  \/ \E n, from \in Nodes : Fetch(n, from)

Spec == Init /\ [][Next]_vars

----------------------------------------------------------------------------
(* What users are promised. *)

\* No answer of a strong read lacks what any client had been told of before it began, by the answer to a write or to
\* another strong read; that of a barrier read, neither what Kafka had acknowledged to any producer.
StrongReadsAreLinearizable == "a strong read was stale" \notin wrong

\* A read that names a position has the record there.
ReadsAtAPositionHaveIt == "a read lacked its position" \notin wrong

RetriedCommandsApplyOnce == "a command was applied twice" \notin wrong

\* Some disk reaches what is left of the log: together they have every record, and so every acknowledged write.
AcknowledgedWritesAreNeverLost == \E n \in Nodes \ lost : disk[n] >= head

\* Two nodes never both may answer strong reads under a lease, from different states or from the same one.
OnlyOneNodeAnswers == \A n, m \in Nodes : Valid(n) /\ Valid(m) => n = m

\* And the one that may has all that was acknowledged: why the first promise is kept.
TheReaderHasAllThatWasAcknowledged == \A n \in Nodes : Valid(n) => rep[n] >= acked
=============================================================================
