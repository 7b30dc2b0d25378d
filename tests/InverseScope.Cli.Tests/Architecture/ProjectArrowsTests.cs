using System.Xml.Linq;

namespace InverseScope.Cli.Tests.Architecture;

/// <summary>
/// Projects depend on each other in one direction, and each outside library has one owner, but for Polly. Whoever needs another arrow
/// or package changes this table first, and says why in src/decisions.
/// </summary>
public sealed class ProjectArrowsTests
{
    private static readonly Dictionary<string, Owned> Owners = new()
    {
        ["Core"] = new([], ["YamlDotNet", "Jint"]),
        ["Torch"] = new(["Core"], ["TorchSharp"]),
        ["Agent"] = new(["Core"], ["Microsoft.SemanticKernel", "NJsonSchema", "OllamaSharp", "Polly"]),
        ["Sweeps"] = new(["Core", "Torch", "Agent"], ["LiteDB", "Npgsql", "Polly"]),
        ["Service"] = new(["Sweeps"], ["Microsoft.AspNetCore", "Microsoft.Orleans", "ModelContextProtocol"]),
        ["Cli"] = new(["Sweeps", "Service"], ["System.CommandLine", "Spectre.Console", "OpenTelemetry", "OpenTelemetry.Exporter.OpenTelemetryProtocol"]),
    };

    public static TheoryData<string> Projects =>
        [.. Directory.GetDirectories(Repository.Path("src"), "InverseScope.*").Select(f => Path.GetFileName(f)!)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_the_projects_below_it(string project)
    {
        var allowed = OwnedBy(project).Projects.Select(p => $"InverseScope.{p}");

        Assert.Empty(References(project, "ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r)).Except(allowed));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_uses_only_the_packages_that_it_owns(string project)
    {
        var allowed = OwnedBy(project).Packages;

        Assert.DoesNotContain(
            References(project, "PackageReference"),
            package => !allowed.Any(a => package == a || package.StartsWith(a + ".", StringComparison.Ordinal)));
    }

    [Fact]
    public void Only_executables_choose_a_libtorch()
    {
        var choosing = Directory.GetFiles(Repository.Path("src"), "*.csproj", SearchOption.AllDirectories)
            .Where(f => File.ReadAllText(f).Contains("Libtorch.props", StringComparison.Ordinal))
            .Select(f => Path.GetFileNameWithoutExtension(f));

        Assert.Empty(choosing.Except(["InverseScope.Cli"]));
    }

    private static Owned OwnedBy(string project)
    {
        var name = project["InverseScope.".Length..];
        Assert.True(Owners.ContainsKey(name), $"{project} is not in the table of owners.");
        return Owners[name];
    }

    private static IEnumerable<string> References(string project, string kind) =>
        XDocument.Load(Repository.Path("src", project, $"{project}.csproj"))
            .Descendants(kind)
            .Select(e => e.Attribute("Include")!.Value.Replace('\\', '/'));

    /// <param name="Projects">What it may reference, without the common prefix.</param>
    /// <param name="Packages">What it alone may reference; a name also stands for the packages below it.</param>
    private sealed record Owned(string[] Projects, string[] Packages);
}
