------------------------------ MODULE Quotient ------------------------------
(***************************************************************************)
(* Which states of Partition.tla are the same, so that the search through   *)
(* all of them ends.  TLC looks at each state through `View`, and goes on   *)
(* from the first of those that look alike.  Nothing that may still happen, *)
(* and no promise, depends on what the view leaves out:                     *)
(*                                                                         *)
(* - what lies before the shortest prefix that somebody stands at, but for  *)
(*   who holds the lease there and which ids have been seen: positions are  *)
(*   counted from there.  So the log has no bound, but replicas lag by no   *)
(*   more than `Lag`.                                                       *)
(* - what time it is: only how long ago something was counts, up to D + 1   *)
(*   ticks, and only as long as somebody counts it.  So time has no bound.  *)
(* - which life or LeaseKeeper of a node it is: only whether a record is of *)
(*   the present one.  So restarts have no bound.                           *)
(* - the names of the nodes: the view is the set of what all ways to name   *)
(*   them show.                                                             *)
(***************************************************************************)
EXTENDS Partition

Namings == {p \in [Nodes -> 1..Cardinality(Nodes)] : \A n, m \in Nodes : p[n] = p[m] => n = m}

Ago(time) == IF time = Never \/ now - time > D THEN D + 1 ELSE now - time

\* How long ago a lease record was sent, if its sender will count from there.
Age(r) ==
  IF r.kind = "release" \/ r.keeper # keeper[r.node] THEN D + 1
  ELSE IF Broken = "counted from before sending" THEN 0
  ELSE Ago(r.sent)

Sender(p, r) == <<p[r.node], r.life = life[r.node]>>

\* The holder of the lease by the first k records.
SeenHolder(p, k) == LET h == Holder(k) IN IF h = Nobody THEN <<0, FALSE>> ELSE <<p[h[1]], h[2] = life[h[1]]>>

\* What is left to tell of the record at i.  A claim and a renewal that were accepted mean the same from then on, and a
\* record that was void means nothing.
SeenRecord(p, i) ==
  LET r == log[i].record IN
  IF r.kind = "write" THEN <<"write", r.id>>
  ELSE IF ~IsLease(r) \/ log[i].last # i THEN <<"nothing">>
  ELSE IF r.kind = "release" THEN <<"free">>
  ELSE <<"held", Sender(p, r), IF rep[r.node] < i THEN Age(r) ELSE D + 1>>

IdsAfter(k, base) == {log[i].record.id : i \in {j \in (k + 1)..base : log[j].record.kind = "write"}} \ {0}

SeenNode(p, n, base) ==
  IF n \in lost THEN <<p[n]>> ELSE
  <<p[n],
    rep[n] - base,
    IF Durable THEN disk[n] - base ELSE 0,
    IF Valid(n) THEN until[n] - now ELSE Never,
    IF Holder(rep[n]) = Nobody \/ Holds(n) THEN 0 ELSE Ago(seen[n]),
    Ago(asked[n]),
    IdsAfter(knows[n], base), Max(knows[n] - base, 0),
    holes[n]>>

Seen(p, base) ==
  LET Beyond(k) == Max(k - base, 0) IN
  <<SeenHolder(p, base),
    [i \in 1..(Len(log) - base) |-> SeenRecord(p, base + i)],
    IdsAfter(0, base),
    {<<r.kind, Sender(p, r), Age(r)>> : r \in flight},
    {SeenNode(p, n, base) : n \in Nodes},
    Beyond(head), head > 0, Beyond(acked), wrong,
    IF reading = NoRead THEN <<>>
    ELSE <<reading.kind, p[reading.node], Beyond(reading.k), Beyond(reading.need), Beyond(reading.from)>>>>

View == LET base == Base IN {Seen(p, base) : p \in Namings}
=============================================================================
