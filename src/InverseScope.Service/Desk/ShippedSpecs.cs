namespace InverseScope.Service.Desk;

/// <summary>The feature specs that come with the program, each called by its task and file: <c>addition.units-sum</c>.</summary>
internal static class ShippedSpecs
{
    private const string Prefix = "feature-specs/";
    private const string Extension = ".yaml";

    private static readonly Lazy<IReadOnlyList<SavedSpec>> Read = new(ReadAll);

    /// <summary>In alphabetical order.</summary>
    public static IReadOnlyList<SavedSpec> All => Read.Value;

    private static SavedSpec[] ReadAll()
    {
        var assembly = typeof(ShippedSpecs).Assembly;
        return
        [
            .. assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(resource =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
                var text = reader.ReadToEnd();
                return new SavedSpec(resource[Prefix.Length..^Extension.Length].Replace('/', '.').Replace('\\', '.'), text, SpecDesk.TagOf(text), null);
            }),
        ];
    }
}
