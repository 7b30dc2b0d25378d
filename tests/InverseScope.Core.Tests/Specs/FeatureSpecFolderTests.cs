using System.Text.Json.Nodes;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Specs;

/// <summary>The spec files of the built-in tasks, which people take as patterns.</summary>
public sealed class FeatureSpecFolderTests
{
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Repository.Path("feature-specs"), "*.yaml", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Repository.Root, f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Compiles_for_its_task_with_its_own_tests(string file)
    {
        var task = new TaskCatalog().Find(Path.GetFileName(Path.GetDirectoryName(file)!));
        var compiled = FeatureCompiler.Compile(
            File.ReadAllText(Repository.Path(file)), new CompileContext(task.Lexicons), SpecFormat.Yaml).OrThrow(file);
        Assert.NotEmpty(compiled.Spec.Tests);
        Assert.Equal($"{task.Name}.{Path.GetFileNameWithoutExtension(file)}", compiled.Spec.Id);
    }

    /// <summary>Write it anew with <c>./inversescope spec schema &gt; feature-specs/feature-spec.schema.json</c>.</summary>
    [Fact]
    public void The_schema_beside_them_is_current() =>
        Assert.True(JsonNode.DeepEquals(
            FeatureSpecText.Schema(),
            JsonNode.Parse(File.ReadAllText(Repository.Path("feature-specs", "feature-spec.schema.json")))));
}
