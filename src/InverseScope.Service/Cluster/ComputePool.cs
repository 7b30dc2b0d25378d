namespace InverseScope.Service.Cluster;

/// <summary>What a worker says of itself.</summary>
/// <param name="Id">By which it is called: the address of its silo, and its device.</param>
/// <param name="Host">Name of its machine.</param>
/// <param name="Process">Number of its process there.</param>
/// <param name="Device">e.g. <c>cuda:0</c>.</param>
/// <param name="FreeBytes">Memory that is free where it computes; null where that is not known.</param>
/// <param name="Loaded">Keys of the targets that it has open.</param>
/// <param name="Prepared">Keys of groups of sites whose activations it has.</param>
/// <param name="Models">Names of models that it has as files.</param>
/// <param name="Generators">Names of generators that it has as files.</param>
/// <param name="Tickets">Calls that it works on or keeps waiting.</param>
/// <param name="Calls">Calls that it ended since it began.</param>
/// <param name="BusySeconds">Time in which it computed since it began.</param>
[GenerateSerializer, Immutable]
public sealed record WorkerCard(
    [property: Id(0)] string Id,
    [property: Id(1)] string Host,
    [property: Id(2)] int Process,
    [property: Id(3)] string Device,
    [property: Id(4)] string Version,
    [property: Id(5)] long? FreeBytes,
    [property: Id(6)] string[] Loaded,
    [property: Id(7)] string[] Prepared,
    [property: Id(8)] string[] Models,
    [property: Id(9)] string[] Generators,
    [property: Id(10)] Guid[] Tickets,
    [property: Id(11)] long Calls,
    [property: Id(12)] double BusySeconds)
{
    /// <summary>What it has open, for people.</summary>
    [Id(13)]
    public string[] LoadedNames { get; init; } = [];
}

/// <summary>A call that waits for a worker.</summary>
/// <param name="Id">The same however often it is asked for.</param>
/// <param name="Owner">The sweep that it is for; another text for what people ask at a page.</param>
/// <param name="Weight">How large a share its owner gets beside others, above 0.</param>
/// <param name="Target">Key of the target that it needs.</param>
/// <param name="Group">Key of the group of sites whose activations it needs; empty for none.</param>
/// <param name="Merge">Calls of one key can be computed together; empty for none.</param>
/// <param name="Without">Workers that could not do it.</param>
[GenerateSerializer, Immutable]
public sealed record CallTicket(
    [property: Id(0)] Guid Id,
    [property: Id(1)] string Owner,
    [property: Id(2)] double Weight,
    [property: Id(3)] string Target,
    [property: Id(4)] string Group,
    [property: Id(5)] string Merge,
    [property: Id(6)] string[] Without);

/// <summary>One worker, and what it has done lately.</summary>
/// <param name="Busy">Share of the last minute in which it computed, 0 to 1.</param>
/// <param name="CallsPerMinute">Calls that ended in the last minute.</param>
[GenerateSerializer, Immutable]
public sealed record WorkerView(
    [property: Id(0)] WorkerCard Card,
    [property: Id(1)] DateTimeOffset Seen,
    [property: Id(2)] double Busy,
    [property: Id(3)] double CallsPerMinute);

/// <summary>Calls of one owner.</summary>
/// <param name="Waiting">Those that no worker has yet.</param>
/// <param name="Running">Those that one has.</param>
/// <param name="Seconds">Time of workers that it has used.</param>
[GenerateSerializer, Immutable]
public sealed record OwnerView(
    [property: Id(0)] string Owner,
    [property: Id(1)] double Weight,
    [property: Id(2)] int Waiting,
    [property: Id(3)] int Running,
    [property: Id(4)] double Seconds);

/// <summary>
/// Who computes what next. A worker has one call at a time, besides those that can be computed together with it. Owners get shares of the
/// workers' time as their weights say (start-time fair queueing: the owner goes next whose used time over weight is least); within an owner the
/// worker takes what it has loaded, then what nobody has, then the oldest. Not thread-safe.
/// </summary>
internal sealed class ComputePool(TimeProvider clock)
{
    // A worker tells of itself every two seconds.
    public static readonly TimeSpan WorkerSilence = TimeSpan.FromSeconds(15);

    // Who waits asks again within twenty.
    public static readonly TimeSpan TicketSilence = TimeSpan.FromSeconds(45);

    // On its way from who asked to the worker.
    private static readonly TimeSpan GrantTravel = TimeSpan.FromSeconds(20);

    private const double FirstGuessSeconds = 1;
    private const double RateSeconds = 60;

    private readonly Dictionary<string, Worker> _workers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Owner> _owners = new(StringComparer.Ordinal);
    private readonly List<Waiting> _waiting = [];
    private readonly Dictionary<Guid, Grant> _grants = [];

    // What a worker has answered; it may still stand on a card that was on its way.
    private readonly Dictionary<Guid, DateTimeOffset> _answered = [];

    /// <summary>How many workers there are.</summary>
    public int Workers => _workers.Count;

    /// <summary>A worker tells that it is there.</summary>
    public void Announce(WorkerCard card)
    {
        var now = clock.GetUtcNow();
        if (!_workers.TryGetValue(card.Id, out var worker))
            _workers[card.Id] = worker = new Worker();
        worker.Tell(card, now);
        // What it has not got, nobody will end: who asked for it died, or this place was rebuilt meanwhile.
        foreach (var (id, grant) in _grants.Where(g => g.Value.Worker == card.Id && now - g.Value.At > GrantTravel && !card.Tickets.Contains(g.Key)).ToArray())
            End(id, grant, null);
        foreach (var id in card.Tickets.Where(id => !_answered.ContainsKey(id)))
            _grants.TryAdd(id, new Grant(card.Id, "", "", now, false));
        Match();
    }

    /// <summary>A worker ends, or is known to have died.</summary>
    public void Remove(string worker)
    {
        _workers.Remove(worker);
        foreach (var id in _grants.Where(g => g.Value.Worker == worker).Select(g => g.Key).ToArray())
            _grants.Remove(id);
    }

    /// <summary>A call waits, and goes on waiting where it did.</summary>
    /// <param name="granted">Called with the worker's id, now or later, unless the ticket is forgotten or asked for again before.</param>
    public void Wait(CallTicket ticket, Action<string> granted)
    {
        var now = clock.GetUtcNow();
        var owner = OwnerOf(ticket);
        if (_grants.TryGetValue(ticket.Id, out var grant))
        {
            granted(grant.Worker);
            return;
        }

        if (_waiting.Find(w => w.Ticket.Id == ticket.Id) is { } known)
            (known.Ticket, known.Granted, known.Asked) = (ticket, granted, now);
        else
            _waiting.Add(new Waiting { Ticket = ticket, Granted = granted, Asked = now, Owner = owner });
        Match();
    }

    /// <summary>A call is not wanted any more.</summary>
    public void Forget(Guid ticket) => _waiting.RemoveAll(w => w.Ticket.Id == ticket);

    /// <summary>A call ended.</summary>
    /// <param name="seconds">How long its worker computed for it; null if it did not get to it.</param>
    public void Release(Guid ticket, double? seconds)
    {
        Forget(ticket);
        // One that its caller gave up may go on where it is.
        if (seconds is not null)
            _answered[ticket] = clock.GetUtcNow();
        if (_grants.TryGetValue(ticket, out var grant))
            End(ticket, grant, seconds);
        Match();
    }

    /// <summary>Drops workers and tickets of which nothing is heard any more.</summary>
    /// <returns>Ids of workers that were dropped.</returns>
    public IReadOnlyList<string> Sweep()
    {
        var now = clock.GetUtcNow();
        string[] silent = [.. _workers.Where(w => now - w.Value.Seen > WorkerSilence).Select(w => w.Key)];
        foreach (var id in silent)
            Remove(id);
        foreach (var id in _answered.Where(a => now - a.Value > WorkerSilence).Select(a => a.Key).ToArray())
            _answered.Remove(id);
        _waiting.RemoveAll(w => now - w.Asked > TicketSilence);
        foreach (var name in _owners.Where(o => now - o.Value.Asked > TicketSilence && !_waiting.Any(w => w.Owner == o.Value) && !_grants.Values.Any(g => g.Owner == o.Key)).Select(o => o.Key).ToArray())
            _owners.Remove(name);
        Match();
        return silent;
    }

    public (WorkerView[] Workers, OwnerView[] Owners) Look()
    {
        var now = clock.GetUtcNow();
        return (
            [.. _workers.Values.OrderBy(w => w.Card.Host, StringComparer.Ordinal).ThenBy(w => w.Card.Id, StringComparer.Ordinal).Select(w => w.View(now))],
            [.. _owners.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => new OwnerView(
                o.Key, o.Value.Weight, _waiting.Count(w => w.Owner == o.Value), _grants.Values.Count(g => g.Owner == o.Key), o.Value.Seconds))]);
    }

    private Owner OwnerOf(CallTicket ticket)
    {
        if (!_owners.TryGetValue(ticket.Owner, out var owner))
        {
            // Who comes late has no claim on the time before.
            var least = _owners.Values.Where(o => o.IsActive(_waiting)).Select(o => o.Used).DefaultIfEmpty(_owners.Values.Select(o => o.Used).DefaultIfEmpty().Max()).Min();
            _owners[ticket.Owner] = owner = new Owner { Used = least };
        }
        else if (!owner.IsActive(_waiting) && !_grants.Values.Any(g => g.Owner == ticket.Owner))
        {
            var least = _owners.Values.Where(o => o != owner && o.IsActive(_waiting)).Select(o => (double?)o.Used).Min();
            owner.Used = Math.Max(owner.Used, least ?? owner.Used);
        }

        (owner.Weight, owner.Asked) = (ticket.Weight, clock.GetUtcNow());
        return owner;
    }

    private void Match()
    {
        while (_waiting.Count > 0)
        {
            // What is computed together with a call that a worker already has costs next to nothing.
            if (_waiting.FirstOrDefault(w => Joined(w) is not null) is { } joining)
            {
                Give(joining, Joined(joining)!, joins: true);
                continue;
            }

            var free = _workers.Where(w => !_grants.Values.Any(g => g.Worker == w.Key)).ToArray();
            var best = free.Length == 0 ? null : _waiting.GroupBy(w => w.Owner).OrderBy(g => g.Key.Used).SelectMany(g => g.Take(1).Select(_ => Best(g, free))).FirstOrDefault(b => b is not null);
            if (best is not var (waiting, worker))
                return;
            Give(waiting, worker, joins: false);
        }
    }

    private string? Joined(Waiting waiting) => waiting.Ticket.Merge.Length == 0
        ? null
        : _grants.Values.FirstOrDefault(g => g.Merge == waiting.Ticket.Merge && !waiting.Ticket.Without.Contains(g.Worker)) is { Worker: { } worker } && _workers.ContainsKey(worker) ? worker : null;

    private (Waiting, string)? Best(IEnumerable<Waiting> waiting, KeyValuePair<string, Worker>[] free)
    {
        (Waiting, string)? best = null;
        var least = int.MaxValue;
        foreach (var one in waiting)
        {
            var isElsewhere = one.Ticket.Group.Length > 0 && _workers.Values.Any(w => w.Card.Prepared.Contains(one.Ticket.Group));
            foreach (var (id, worker) in free)
            {
                if (one.Ticket.Without.Contains(id))
                    continue;
                var cost = one.Ticket.Group.Length > 0 && worker.Card.Prepared.Contains(one.Ticket.Group) ? 0
                    : worker.Card.Loaded.Contains(one.Ticket.Target) ? (isElsewhere ? 2 : 1)
                    : isElsewhere ? 4 : 3;
                if (cost < least)
                    (best, least) = ((one, id), cost);
            }
        }

        return best;
    }

    private void Give(Waiting waiting, string worker, bool joins)
    {
        _waiting.Remove(waiting);
        var owner = waiting.Owner;
        var expected = joins ? 0 : owner.MeanSeconds / owner.Weight;
        owner.Used += expected;
        _grants[waiting.Ticket.Id] = new Grant(worker, waiting.Ticket.Owner, waiting.Ticket.Merge, clock.GetUtcNow(), joins) { Expected = expected };
        waiting.Granted(worker);
    }

    private void End(Guid ticket, Grant grant, double? seconds)
    {
        _grants.Remove(ticket);
        if (!_owners.TryGetValue(grant.Owner, out var owner))
            return;
        var used = grant.Joins ? 0 : seconds ?? 0;
        owner.Used += used / owner.Weight - grant.Expected;
        owner.Seconds += used;
        if (used > 0)
            owner.MeanSeconds += (used - owner.MeanSeconds) / 8;
    }

    private sealed class Waiting
    {
        public required CallTicket Ticket { get; set; }

        public required Action<string> Granted { get; set; }

        public required DateTimeOffset Asked { get; set; }

        public required Owner Owner { get; init; }
    }

    /// <param name="Owner">Empty where this place does not know it.</param>
    private sealed record Grant(string Worker, string Owner, string Merge, DateTimeOffset At, bool Joins)
    {
        public double Expected { get; init; }
    }

    private sealed class Owner
    {
        public double Weight { get; set; } = 1;

        /// <summary>Seconds of workers over weight.</summary>
        public double Used { get; set; }

        public double Seconds { get; set; }

        public double MeanSeconds { get; set; } = FirstGuessSeconds;

        public DateTimeOffset Asked { get; set; }

        public bool IsActive(List<Waiting> waiting) => waiting.Exists(w => w.Owner == this);
    }

    private sealed class Worker
    {
        private readonly Queue<(DateTimeOffset At, long Calls, double Busy)> _past = [];

        public WorkerCard Card { get; private set; } = null!;

        public DateTimeOffset Seen { get; private set; }

        public void Tell(WorkerCard card, DateTimeOffset now)
        {
            (Card, Seen) = (card, now);
            _past.Enqueue((now, card.Calls, card.BusySeconds));
            while (_past.Count > 1 && (now - _past.Peek().At).TotalSeconds > RateSeconds)
                _past.Dequeue();
        }

        public WorkerView View(DateTimeOffset now)
        {
            var (at, calls, busy) = _past.Peek();
            var seconds = Math.Max(1, (now - at).TotalSeconds);
            return new WorkerView(Card, Seen, Math.Clamp((Card.BusySeconds - busy) / seconds, 0, 1), (Card.Calls - calls) * 60 / seconds);
        }
    }
}
