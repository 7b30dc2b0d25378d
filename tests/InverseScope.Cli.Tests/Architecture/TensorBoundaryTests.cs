using System.Reflection;
using InverseScope.Core;
using InverseScope.Sweeps;
using InverseScope.Torch.Runtime;

namespace InverseScope.Cli.Tests.Architecture;

public sealed class TensorBoundaryTests
{
    private const string Library = "TorchSharp";

    [Theory]
    [InlineData(typeof(BadInputException))]
    [InlineData(typeof(Home))]
    [InlineData(typeof(CommandLine))]
    public void Outside_Torch_no_code_knows_a_tensor(Type inAssembly) =>
        Assert.DoesNotContain(inAssembly.Assembly.GetReferencedAssemblies(), a => a.Name == Library);

    [Fact]
    public void What_Torch_shows_takes_and_returns_no_tensor()
    {
        const BindingFlags declared =
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var leaks =
            from type in typeof(TorchThread).Assembly.GetExportedTypes()
            from member in type.GetMembers(declared)
            where SignatureOf(member).Any(IsOfLibrary)
            select $"{type.Name}.{member.Name}";

        Assert.Empty(leaks);
    }

    private static IEnumerable<Type> SignatureOf(MemberInfo member) => member switch
    {
        MethodInfo method => method.GetParameters().Select(p => p.ParameterType).Append(method.ReturnType),
        ConstructorInfo constructor => constructor.GetParameters().Select(p => p.ParameterType),
        PropertyInfo property => [property.PropertyType],
        FieldInfo field => [field.FieldType],
        _ => [],
    };

    private static bool IsOfLibrary(Type type) =>
        type.Assembly.GetName().Name == Library
        || (type.HasElementType && IsOfLibrary(type.GetElementType()!))
        || type.GetGenericArguments().Any(IsOfLibrary);
}
