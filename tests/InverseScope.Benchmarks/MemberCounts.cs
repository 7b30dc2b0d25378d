using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Globalization;

namespace InverseScope.Benchmarks;

/// <summary>What a process used since it began.</summary>
/// <param name="CpuSeconds">Time of cores.</param>
/// <param name="ResidentBytes">Memory that it has now.</param>
/// <param name="Threads">That it has now.</param>
/// <param name="Sent">Bytes through all its sockets.</param>
/// <param name="Received">Bytes through all its sockets.</param>
/// <param name="DatabaseSent">Bytes of these to the database.</param>
/// <param name="DatabaseReceived">Bytes of these from the database.</param>
internal sealed record MemberCounts(
    double CpuSeconds, long ResidentBytes, int Threads, long Sent, long Received, long DatabaseSent, long DatabaseReceived)
{
    public static MemberCounts operator -(MemberCounts now, MemberCounts before) => new(
        now.CpuSeconds - before.CpuSeconds, now.ResidentBytes, now.Threads, now.Sent - before.Sent, now.Received - before.Received,
        now.DatabaseSent - before.DatabaseSent, now.DatabaseReceived - before.DatabaseReceived);

    public static MemberCounts operator +(MemberCounts one, MemberCounts other) => new(
        one.CpuSeconds + other.CpuSeconds, one.ResidentBytes + other.ResidentBytes, one.Threads + other.Threads, one.Sent + other.Sent, one.Received + other.Received,
        one.DatabaseSent + other.DatabaseSent, one.DatabaseReceived + other.DatabaseReceived);
}

/// <summary>Counts what goes through the sockets of this process.</summary>
internal sealed class MemberCounter : EventListener
{
    private const string Sockets = "System.Net.Sockets";
    private const string Database = "Npgsql";

    private readonly MeterListener _meters = new();
    private long _sent;
    private long _received;
    private long _databaseSent;
    private long _databaseReceived;

    public MemberCounter()
    {
        _meters.InstrumentPublished = (instrument, meters) =>
        {
            if (instrument.Meter.Name == Database && instrument.Name.Contains(".bytes_", StringComparison.Ordinal))
                meters.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<int>((instrument, value, _, _) => Count(instrument, value));
        _meters.SetMeasurementEventCallback<long>((instrument, value, _, _) => Count(instrument, value));
        _meters.Start();
    }

    /// <summary>Bytes as they were within the last second.</summary>
    public MemberCounts Now
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return new MemberCounts(
                process.TotalProcessorTime.TotalSeconds, process.WorkingSet64, process.Threads.Count, Interlocked.Read(ref _sent), Interlocked.Read(ref _received),
                Interlocked.Read(ref _databaseSent), Interlocked.Read(ref _databaseReceived));
        }
    }

    public override void Dispose()
    {
        _meters.Dispose();
        base.Dispose();
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Sockets)
            EnableEvents(eventSource, EventLevel.LogAlways, EventKeywords.None, new Dictionary<string, string?> { ["EventCounterIntervalSec"] = "1" });
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.Payload is not [IDictionary<string, object> counter])
            return;
        switch (counter["Name"])
        {
            case "bytes-sent":
                Interlocked.Exchange(ref _sent, Total());
                break;
            case "bytes-received":
                Interlocked.Exchange(ref _received, Total());
                break;
        }

        long Total() => (long)Convert.ToDouble(counter["Mean"], CultureInfo.InvariantCulture);
    }

    private void Count(Instrument instrument, long value)
    {
        if (instrument.Name.EndsWith("bytes_written", StringComparison.Ordinal))
            Interlocked.Add(ref _databaseSent, value);
        else
            Interlocked.Add(ref _databaseReceived, value);
    }
}
