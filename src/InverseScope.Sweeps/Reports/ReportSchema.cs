namespace InverseScope.Sweeps.Reports;

/// <summary>The JSON Schema of report.json, as shipped in <c>report.schema.json</c>.</summary>
public static class ReportSchema
{
    /// <summary>The schema, JSON.</summary>
    public static string Text { get; } = ReportResource.Read("report.schema.json");
}

/// <summary>Files of this folder that the assembly carries.</summary>
internal static class ReportResource
{
    public static string Read(string file)
    {
        using var stream = typeof(ReportResource).Assembly.GetManifestResourceStream($"Reports/{file}")
            ?? throw new InvalidOperationException($"The assembly does not carry Reports/{file}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
