using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using InverseScope.Core.Statistics;

namespace InverseScope.Sweeps.Reports;

/// <summary>
/// One sweep, told whole: what was asked, what was found at each site, what each finding rests on, and what it cost.
/// This is report.json; every other form of the report is made from it. A number that was not measured is null, never 0.
/// Later revisions of v1 may add members: a reader ignores those that it does not know.
/// </summary>
public sealed record ReportDocument
{
    /// <summary>The value of <c>schema</c>.</summary>
    public const string SchemaName = "inversescope/report/v1";

    /// <summary>Name and version of this document's form: inversescope/report/v1.</summary>
    public string Schema { get; init; } = SchemaName;

    public required SweepRecord Sweep { get; init; }

    /// <summary>What was established, what needs a person, what broke.</summary>
    public required SummaryRecord Summary { get; init; }

    /// <summary>Every site of the sweep, in the order in which the sweep names them.</summary>
    public required IReadOnlyList<SiteRecord> Sites { get; init; }

    /// <summary>
    /// Sites of which it is known what they encode, taken through the same stages as a control; null where there were none.
    /// </summary>
    public IReadOnlyList<KnownSiteRecord>? KnownSites { get; init; }

    /// <summary>What patching sites between texts of different tasks does; null where the plan asks for no such experiment.</summary>
    public TaskVectorRecord? TaskVector { get; init; }

    /// <summary>A document with its summary drawn from the sites.</summary>
    /// <param name="knownSiteFault">Why there are no control sites, where they broke.</param>
    public static ReportDocument Of(
        SweepRecord sweep, IReadOnlyList<SiteRecord> sites, IReadOnlyList<KnownSiteRecord>? knownSites = null,
        string? knownSiteFault = null, TaskVectorRecord? taskVector = null) => new()
        {
            Sweep = sweep,
            Summary = SummaryRecord.Of(sweep, sites, knownSites ?? [], knownSiteFault, taskVector),
            Sites = sites,
            KnownSites = knownSites,
            TaskVector = taskVector,
        };
}

/// <summary>A closed interval; in JSON an array [lower, upper].</summary>
[JsonConverter(typeof(ReportIntervalConverter))]
public readonly record struct ReportInterval(double Lower, double Upper)
{
    /// <summary>An interval as measured; null where there is none.</summary>
    public static ReportInterval? Of(Interval? measured) => measured is { } i ? new ReportInterval(i.Low, i.High) : null;

    /// <summary>Whether the two have a point in common.</summary>
    public bool Overlaps(ReportInterval other) => Lower <= other.Upper && other.Lower <= Upper;
}

internal sealed class ReportIntervalConverter : JsonConverter<ReportInterval>
{
    public override ReportInterval Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var ends = JsonSerializer.Deserialize<double[]>(ref reader, options);
        return ends is [var lower, var upper]
            ? new ReportInterval(lower, upper)
            : throw new JsonException("An interval is an array of two numbers, [lower, upper].");
    }

    public override void Write(Utf8JsonWriter writer, ReportInterval value, JsonSerializerOptions options)
    {
        if (double.IsNaN(value.Lower) || double.IsNaN(value.Upper))
        {
            writer.WriteNullValue();
            return;
        }

        // On one line even where the document is indented.
        var (lower, upper) = (Finite(value.Lower), Finite(value.Upper));
        writer.WriteRawValue(string.Create(CultureInfo.InvariantCulture, $"[{lower:R}, {upper:R}]"));
    }

    private static double Finite(double value) => Math.Clamp(value, double.MinValue, double.MaxValue);
}
